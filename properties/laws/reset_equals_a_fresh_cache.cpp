// After any history and a reset a cache is a fresh object: fed the same rows, both give the same outputs, hold the same
// positions, save the same bytes and take the same memory. Half-way through its operations every case has a reset.
//
// Law         reset(x) = fresh: out, held, save, memory() and counted live bytes, now and after any operations
// Verdict     exact
// Claimed by  every strategy
#include "properties/support/expect.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

void expect_same_memory(const Rig& fresh, const Rig& used, Witness& witness) {
  const MemoryUse expected = fresh.cache().memory(), actual = used.cache().memory();
  expect_equal(std::int64_t(expected.payload), std::int64_t(actual.payload), "bytes of payload after a reset", witness);
  expect_equal(std::int64_t(expected.metadata), std::int64_t(actual.metadata), "bytes of metadata after a reset",
               witness);
  expect_equal(std::int64_t(expected.slack), std::int64_t(actual.slack), "bytes of slack after a reset", witness);
  expect_equal(fresh.account().counters().live_bytes, used.account().counters().live_bytes,
               "counted live bytes after a reset", witness);
}

void expect_same_state(const Rig& fresh, const Rig& used, Witness& witness) {
  expect_same_bytes(fresh.save(), used.save(), "after a reset, beside a fresh cache", witness);
  for (int s = 0; s < fresh.the_case().geometry.streams(); ++s) {
    const PositionSet expected = held_set(fresh, {s}), actual = held_set(used, {s});
    if (expected != actual) {
      throw Refuted("after a reset stream " + std::to_string(s) + " holds other positions than that of a fresh cache",
                    picture_of(expected), picture_of(actual));
    }
  }
  expect_same_memory(fresh, used, witness);
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig used(c, feed, witness);
  std::unique_ptr<Rig> fresh;
  const auto reset = [&] {
    (void)used.run({OpKind::kReset});
    fresh = std::make_unique<Rig>(c, feed, witness);
    fresh->feed_from(used.next_row());
    expect_same_state(*fresh, used, witness);
  };
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    const Operation& op = c.operations[i];
    if (i == c.operations.size() / 2) reset();
    if (op.kind == OpKind::kReset) {
      reset();
      continue;
    }
    const Answer actual = used.run(op);
    if (!fresh) continue;
    expect_same_bits(fresh->run(op), actual, "after a reset, beside a fresh cache", witness);
    expect_same_state(*fresh, used, witness);
  }
}

}  // namespace

extern constinit const Law reset_equals_a_fresh_cache = {
    .name = "reset_equals_a_fresh_cache",
    .formula = "reset(x) = fresh: out, held, save, memory and counted bytes, now and after any operations",
    .covers = "G11",
    .look_at = "look for a member that reset() does not set: a length, a score, a scale, a pointer into the ring",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kFork, OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType}},
    .check = &check};

}  // namespace kvproof::laws
