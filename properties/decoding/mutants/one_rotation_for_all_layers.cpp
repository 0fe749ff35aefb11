// All layers rotate as the first when they decode.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

void change(ModelConfig& config) {
  for (LayerConfig& layer : config.layers) {
    layer.rope_theta = config.layers.front().rope_theta;
    layer.rope_scaling = config.layers.front().rope_scaling;
  }
}

}  // namespace

extern constinit const WayMutant one_rotation_for_all_layers = {
    .name = "one_rotation_for_all_layers",
    .fault = "every layer has the frequencies of the first when it decodes",
    .source = "rlx_gemma 0.2.0, bucketed decode",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make_padded<OtherDecode<change>>};

}  // namespace kvproof::way_mutants
