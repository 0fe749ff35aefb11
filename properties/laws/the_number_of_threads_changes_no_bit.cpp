// The same history in an arena of one thread and in one of several gives equal outputs and leaves equal bytes.
//
// Law         out and save under n threads = out and save under 1 thread
// Verdict     exact
// Claimed by  contracts with threads bit-exact
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.threads == Claim::kBitExact; }

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Case serial = c;
  serial.threads = 1;
  Rig one(serial, feed, witness), several(c, feed, witness);
  const std::string what = "with 1 and with " + std::to_string(c.threads) + " threads";
  for (const Operation& op : c.operations) {
    expect_same_bits(one.run(op), several.run(op), what, witness);
    expect_same_bytes(one.save(), several.save(), what, witness);
  }
}

}  // namespace

extern constinit const Law the_number_of_threads_changes_no_bit = {
    .name = "the_number_of_threads_changes_no_bit",
    .formula = "out and save under n threads = out and save under 1 thread",
    .covers = "G19",
    .look_at = "look for a sum whose parts follow the number of threads, or a buffer that tasks share",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with threads bit-exact",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kTruncate},
              .vary = {Vary::kThreads, Vary::kDType, Vary::kMask},
              .max_tokens = 600},
    .check = &check};

}  // namespace kvproof::laws
