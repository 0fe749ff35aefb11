// What asks for nothing does nothing: no token, no truncation, a fork that is dropped, a record that nobody loads. Two
// caches run in lock step, and one of them is bothered with all of it before every operation.
//
// Law         x in {step(0), append(0), truncate(seen), fork and drop, save}:
//             save after x = save before x;  held after x = held before x;  out(.) after x = out(.) without x
// Verdict     exact
// Claimed by  every strategy
#include "properties/support/expect.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

void fork_and_drop(Rig& rig) {
  const std::unique_ptr<KvCache> child = rig.cache().fork();
  const Tensor key = rig.feed().keys(rig.feed().rows() - 1, 1), value = rig.feed().values(rig.feed().rows() - 1, 1);
  if (child->step({.k = key, .v = value}) != OpStatus::kDone) throw Refuted("a fork refused a token");
}

struct Neutral {
  const char* name;
  void (*run)(Rig&);
};

void expect_done(Rig& rig, const Operation& op) {
  if (rig.run(op).status != OpStatus::kDone) throw Refuted("'" + str(op) + "' asks for nothing", "done", "refused");
}

constexpr Neutral kNeutral[] = {
    {"'step 0'", [](Rig& rig) { expect_done(rig, {OpKind::kStep, 0}); }},
    {"'append 0'", [](Rig& rig) { expect_done(rig, {OpKind::kAppend, 0}); }},
    {"truncate to what is there", [](Rig& rig) { expect_done(rig, {OpKind::kTruncate, rig.seen()}); }},
    {"a fork that took a token and was dropped", &fork_and_drop},
    {"a save", [](Rig& rig) { (void)rig.save(); }}};

void bother(Rig& rig, Witness& witness) {
  const Bytes before = rig.save();
  const std::vector<PositionSet> held = held_sets(rig);
  for (const Neutral& neutral : kNeutral) {
    neutral.run(rig);
    const std::string when = std::string("after ") + neutral.name + " at " + std::to_string(rig.seen()) + " tokens";
    expect_same_bytes(before, rig.save(), when, witness);
    if (held_sets(rig) != held) throw Refuted("other positions are held " + when);
  }
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig plain(c, feed, witness), bothered(c, feed, witness);
  for (const Operation& op : c.operations) {
    bother(bothered, witness);
    expect_same_bits(plain.run(op), bothered.run(op), "with and without operations that ask for nothing", witness);
  }
  bother(bothered, witness);
  expect_same_bytes(plain.save(), bothered.save(), "with and without operations that ask for nothing", witness);
}

}  // namespace

extern constinit const Law neutral_operations_change_nothing = {
    .name = "neutral_operations_change_nothing",
    .formula = "x in {step(0), append(0), truncate(seen), fork and drop, save}: save, held and out are those without x",
    .covers = "G10 G25",
    .look_at =
        "look at what runs before the number of tokens is looked at: a flush, an eviction, a length that is written, a "
        "buffer that a fork shares",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kReset},
              .vary = {Vary::kDType}},
    .check = &check};

}  // namespace kvproof::laws
