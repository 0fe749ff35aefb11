// The projections of K and V answer to each other's names.
#include "properties/decoding/mutants/swapped_weights.h"

namespace kvproof::way_mutants {
namespace {

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return make_swapped(decoders, {"k_proj", "v_proj"});
}

}  // namespace

extern constinit const WayMutant keys_and_values_are_swapped = {
    .name = "keys_and_values_are_swapped",
    .fault = "the weights of K and V are swapped",
    .source = "the tests of rlx_gemma 0.2.0, whose weights are the same for every name",
    .like = "cached",
    .killer = "logits_and_rows_equal_plain_loops",
    .make = &make};

}  // namespace kvproof::way_mutants
