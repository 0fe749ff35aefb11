// At every prefix of a history: what is saved loads into a clean object and into a dirty one, saves again as the same
// bytes, and goes on with the same outputs. A record that is damaged, cut short, of another strategy or of another
// geometry is refused and changes nothing.
//
// Law         save(load(save(x))) = save(x);  out after load = out;  bad record: Error, save unchanged
// Verdict     exact
// Claimed by  every strategy
#include "engine/base/error.h"
#include "engine/base/random.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

void expect_refused(Rig& rig, const Bytes& record, const std::string& what, Witness& witness) {
  const Bytes before = rig.save();
  bool accepted = true;
  try {
    rig.load(record);
  } catch (const Error&) {
    accepted = false;
  }
  if (accepted) throw Refuted("load() took a record that is " + what, "an Error", "loaded");
  expect_same_bytes(before, rig.save(), "after a record that is " + what + " was refused", witness);
  witness.refused();
}

// Eight places to damage, and eight lengths to cut, drawn from the seed; the ends are always among them.
void expect_damage_refused(Rig& rig, const Bytes& record, Random& random, Witness& witness) {
  const std::int64_t size = std::int64_t(record.size());
  for (int i = 0; i < 8; ++i) {
    const std::int64_t at = i == 0 ? size - 1 : i == 1 ? 0 : random.integer(0, size - 1);
    Bytes damaged = record;
    damaged[std::size_t(at)] ^= std::byte(1u << random.integer(0, 7));
    expect_refused(rig, damaged, "damaged at byte " + std::to_string(at), witness);
    const std::int64_t length = i == 0 ? 0 : i == 1 ? size - 1 : random.integer(0, size - 1);
    expect_refused(rig, Bytes(record.begin(), record.begin() + length),
                   "cut to " + std::to_string(length) + " of " + std::to_string(size) + " bytes", witness);
  }
}

void expect_foreign_refused(const Case& c, Rig& rig, const FeedPtr& feed, Witness& witness) {
  Case wider = c;
  wider.geometry.d += 1;
  const Rig other_geometry(wider, feed, witness);
  expect_refused(rig, other_geometry.save(), "of another geometry", witness);
  const std::string concat = "concat:dtype=f16";
  if (c.strategy.rfind("concat", 0) == 0) return;
  const Rig other_spec(c, feed, witness, concat);
  expect_refused(rig, other_spec.save(), "of another strategy", witness);
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig straight(c, feed, witness), resumed(c, feed, witness);
  Random random(c.seed);
  for (const Operation& op : c.operations) {
    const Bytes record = straight.save();
    (void)resumed.run({OpKind::kReloadFresh});
    expect_same_bytes(record, resumed.save(), "saved again after loading into a fresh object", witness);
    (void)resumed.run({OpKind::kReloadDirty});
    expect_same_bytes(record, resumed.save(), "saved again after loading into a dirty object", witness);
    expect_same_bits(straight.run(op), resumed.run(op), "going on after loading", witness);
  }
  expect_same_bytes(straight.save(), resumed.save(), "at the end", witness);
  expect_damage_refused(straight, straight.save(), random, witness);
  expect_foreign_refused(c, straight, feed, witness);
}

}  // namespace

extern constinit const Law save_then_load_is_bit_exact = {
    .name = "save_then_load_is_bit_exact",
    .formula = "save(load(save(x))) = save(x);  out after load = out;  a bad record is refused and changes nothing",
    .covers = "G12 G26",
    .look_at = "look at what each() does not show, and at what load() leaves behind of the object that it fills",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset},
              .vary = {Vary::kDType}},
    .check = &check};

}  // namespace kvproof::laws
