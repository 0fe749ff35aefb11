// All layers get the mask of the first.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  Tensor mask(const PaddedPast& padded, std::int64_t) override {
    return keep_mask(padded, config().layers.front().window);
  }
};

}  // namespace

extern constinit const WayMutant one_mask_for_all_layers = {
    .name = "one_mask_for_all_layers",
    .fault = "every layer has the window of the first when it decodes",
    .source = "rlx_gemma 0.2.0, bucketed decode",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
