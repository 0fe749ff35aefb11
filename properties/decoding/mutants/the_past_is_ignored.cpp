// Decoding sees nothing but the new token.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  Tensor mask(const PaddedPast& padded, std::int64_t window) override {
    Tensor seen = keep_mask(padded, window);
    std::fill_n(seen.as<bool>(), padded.extent(), false);
    return seen;
  }
};

}  // namespace

extern constinit const WayMutant the_past_is_ignored = {
    .name = "the_past_is_ignored",
    .fault = "a step sees the new token alone",
    .source = "greedy ids of the tests of rlx_gemma 0.2.0 do not tell it",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
