// What a cache says it holds is what it took from the allocator, and what its contract's formula gives: scales, minima
// and whatever else it needs included. Counted is every Buffer of the engine; the cache object itself, of fixed size,
// is not.
//
// Law         memory().total() = allocated - freed;  payload + metadata = contract.bytes(seen)
// Verdict     exact
// Claimed by  every strategy
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Operation& op : c.operations) {
    (void)rig.run(op);
    const MemoryUse use = rig.cache().memory();
    const std::string when = " after '" + str(op) + "', at " + std::to_string(rig.seen()) + " tokens";
    expect_equal(rig.account().counters().live_bytes, std::int64_t(use.total()), "reported bytes" + when, witness);
    const std::size_t formula = rig.contract().bytes(rig.params(), c.geometry, rig.seen());
    expect_equal(std::int64_t(formula), std::int64_t(use.live()), "payload and metadata" + when, witness);
  }
}

}  // namespace

extern constinit const Law counted_bytes_equal_reported_bytes = {
    .name = "counted_bytes_equal_reported_bytes",
    .formula = "memory().total() = allocated - freed;  payload + metadata = contract.bytes(seen)",
    .covers = "G14",
    .look_at = "compare each(), which is what memory() counts, with what is allocated and with contract.bytes",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kTruncate, OpKind::kFork, OpKind::kReset,
                             OpKind::kReloadFresh, OpKind::kReloadDirty},
              .max_tokens = 300},
    .check = &check};

}  // namespace kvproof::laws
