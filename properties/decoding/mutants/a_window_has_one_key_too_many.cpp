// Local layers see W keys besides their own, in prompts and behind them.
#include "properties/decoding/way.h"

namespace kvproof::way_mutants {
namespace {

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  ModelConfig wider = decoders->config();
  for (LayerConfig& layer : wider.layers) layer.window += layer.window > 0;
  return make_runner("cached", std::make_shared<const Decoders>(wider, decoders->weights(), decoders->choices()));
}

}  // namespace

extern constinit const WayMutant a_window_has_one_key_too_many = {
    .name = "a_window_has_one_key_too_many",
    .fault = "a window of W sees W + 1 keys",
    .source = "rlx_gemma 0.2.0, which hides keys where q - k is above the window",
    .like = "cached",
    .killer = "a_window_sees_its_own_keys_and_no_others",
    .make = &make};

}  // namespace kvproof::way_mutants
