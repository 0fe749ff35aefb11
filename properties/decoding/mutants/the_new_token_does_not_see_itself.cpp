// The mask is one element short, and what it lacks is the new token.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  Tensor mask(const PaddedPast& padded, std::int64_t window) override {
    Tensor seen = keep_mask(padded, window);
    seen.as<bool>()[padded.new_row()] = false;
    return seen;
  }
};

}  // namespace

extern constinit const WayMutant the_new_token_does_not_see_itself = {
    .name = "the_new_token_does_not_see_itself",
    .fault = "the new token is not among the keys that it sees",
    .source = "rlx_gemma 0.2.0, bucketed decode",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
