// One cache goes straight; after every operation its twin is saved and loaded, forked, given nothing, truncated to
// where it is, and, where the contract lets it, given tokens that are taken away again. The two stay equal.
//
// Law         save(twin) = save(straight) after each of these;  out(twin) = out(straight)
// Verdict     exact
// Claimed by  every strategy
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

// Rows that are taken away again: one, and as many as there are decoys, which wraps a small ring and fills a block.
constexpr std::int64_t kTakenBack[] = {1, 2, Feed::kDecoys};

bool may_take_back(const Rig& rig, std::int64_t n) {
  return rig.contract().truncates && rig.contract().truncates(rig.params(), rig.seen() + n, rig.seen());
}

void disturb_and_restore(Rig& twin, const Bytes& straight, Witness& witness) {
  const Operation neutral[] = {{OpKind::kStep, 0},     {OpKind::kAppend, 0},   {OpKind::kTruncate, twin.seen()},
                               {OpKind::kReloadFresh}, {OpKind::kReloadDirty}, {OpKind::kFork}};
  for (const Operation& op : neutral) {
    (void)twin.run(op);
    expect_same_bytes(straight, twin.save(), "the twin after '" + str(op) + "' more", witness);
  }
  for (const std::int64_t n : kTakenBack) {
    if (!may_take_back(twin, n)) continue;
    const std::string what = "the twin, given " + std::to_string(n) + " tokens more and truncated back";
    if (twin.append_and_truncate(n) == OpStatus::kRefused) throw Refuted(what, "done", "refused");
    expect_same_bytes(straight, twin.save(), what, witness);
  }
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig straight(c, feed, witness), twin(c, feed, witness);
  for (const Operation& op : c.operations) {
    const Answer answer = straight.run(op);
    expect_same_bits(answer, twin.run(op), "the twin at '" + str(op) + "'", witness);
    const Bytes bytes = straight.save();
    expect_same_bytes(bytes, twin.save(), "the twin after '" + str(op) + "'", witness);
    disturb_and_restore(twin, bytes, witness);
  }
}

}  // namespace

extern constinit const Law two_caches_in_lock_step_stay_equal = {
    .name = "two_caches_in_lock_step_stay_equal",
    .formula = "save(twin) = save(straight) and out(twin) = out(straight), whatever neutral is done to the twin",
    .covers = "G9 G12 G25",
    .look_at =
        "the message names what was done to the twin: look at what it leaves behind that save() does not show, or "
        "shows and should not",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kReset, OpKind::kSave, OpKind::kLoadFresh, OpKind::kLoadDirty},
              .vary = {Vary::kDType},
              .max_tokens = 80},
    .check = &check};

}  // namespace kvproof::laws
