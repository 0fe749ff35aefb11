// The mask keeps the rows 0 to P: the first row of padding instead of the new token, which is the last.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  Tensor mask(const PaddedPast& padded, std::int64_t window) override {
    Tensor seen = keep_mask(padded, window);
    seen.as<bool>()[padded.past()] = true;
    if (padded.past() < padded.extent()) seen.as<bool>()[padded.new_row()] = false;
    return seen;
  }
};

}  // namespace

extern constinit const WayMutant padding_is_seen_instead_of_the_new_token = {
    .name = "padding_is_seen_instead_of_the_new_token",
    .fault = "the first row of padding is seen, the new token is not",
    .source = "rlx_gemma 0.2.0, bucketed decode",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
