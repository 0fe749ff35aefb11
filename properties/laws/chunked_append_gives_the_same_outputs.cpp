// The outputs of a chunk have the bits that the same tokens give one by one: prefill equals decode.
//
// Law         out(step(n))_i = out(step(1))_i for each of the n tokens
// Verdict     exact
// Claimed by  contracts with chunk_output bit-exact
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.chunk_output == Claim::kBitExact; }

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig chunked(c, feed, witness), single(c, feed, witness);
  for (const Operation& op : c.operations) {
    const Answer together = chunked.run(op);
    for (std::int64_t i = 0; i < op.n; ++i) {
      const Answer alone = single.run({op.kind, 1});
      if (together.queries > 0) {
        expect_same_query(alone, 0, together, i, "one by one and in a chunk of " + std::to_string(op.n), witness);
      }
    }
  }
}

}  // namespace

extern constinit const Law chunked_append_gives_the_same_outputs = {
    .name = "chunked_append_gives_the_same_outputs",
    .formula = "out(step(n))_i = out(step(1))_i",
    .covers = "G2 G23",
    .look_at =
        "look at what the first and the last query of a chunk see: rows that the chunk itself overwrote, or a bound "
        "that counts the chunk as one token",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with chunk_output bit-exact",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep},
              .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap, Vary::kMask},
              .max_tokens = 200},
    .check = &check};

}  // namespace kvproof::laws
