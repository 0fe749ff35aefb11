// Resets by clearing the rows, and leaves the count of tokens as it was.
#include "properties/mutants/like.h"
#include "properties/mutants/taken_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void reset() override { refill(inner(), zero_rows(geometry(), seen_tokens())); }
};

}  // namespace

extern constinit const Mutant reset_keeps_the_length =
    like_in_place<Cache>({.name = "reset_keeps_the_length",
                          .summary = "in_place, whose reset clears rows only.",
                          .fault = "after a reset there are as many tokens as before, all zero",
                          .source = "transformers #48509",
                          .fault_class = "reset"});

}  // namespace kvproof::mutants
