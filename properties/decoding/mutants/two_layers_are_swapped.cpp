// The first two layers answer to each other's names.
#include "properties/decoding/mutants/swapped_weights.h"

namespace kvproof::way_mutants {
namespace {

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return make_swapped(decoders, {"layers.0.", "layers.1."});
}

}  // namespace

extern constinit const WayMutant two_layers_are_swapped = {
    .name = "two_layers_are_swapped",
    .fault = "the weights of the first two layers are swapped",
    .source = "the tests of rlx_gemma 0.2.0, whose weights are the same for every name",
    .like = "cached",
    .killer = "logits_and_rows_equal_plain_loops",
    .make = &make};

}  // namespace kvproof::way_mutants
