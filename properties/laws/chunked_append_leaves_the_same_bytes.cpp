// A history in chunks leaves the bytes that the same tokens leave one by one.
//
// Law         save(step(n_1); step(n_2); ...) = save(step(1); step(1); ...), after every chunk
// Verdict     exact
// Claimed by  contracts with chunk_state bit-exact
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.chunk_state == Claim::kBitExact; }

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig chunked(c, feed, witness), single(c, feed, witness);
  for (const Operation& op : c.operations) {
    (void)chunked.run(op);
    for (std::int64_t i = 0; i < op.n; ++i) (void)single.run({op.kind, 1});
    expect_same_bytes(single.save(), chunked.save(), "after " + std::to_string(chunked.seen()) + " tokens", witness);
  }
}

}  // namespace

extern constinit const Law chunked_append_leaves_the_same_bytes = {
    .name = "chunked_append_leaves_the_same_bytes",
    .formula = "save(step(n_1); step(n_2); ...) = save(step(1); step(1); ...)",
    .covers = "G2",
    .look_at =
        "look at how commit() treats n > 1: where its blocks begin, which rows it drops first, what it encodes again",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with chunk_state bit-exact",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend}, .vary = {Vary::kDType}, .max_tokens = 200},
    .check = &check};

}  // namespace kvproof::laws
