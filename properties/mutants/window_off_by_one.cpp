// Keeps w + 1 tokens where the contract says w: the two conventions of "window" mixed up in one library.
#include "engine/cache/kv_cache.h"
#include "properties/mutants/forwarding_cache.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {
namespace {

std::unique_ptr<KvCache> make(const Config& config) {
  const Strategy& honest = *find_strategy("window");
  Params params(honest);
  params.set("w", config.params["w"] + 1);
  params.set("dtype", config.params["dtype"]);
  return honest.make({config.geometry, params, config.spec});
}

}  // namespace

extern constinit const Mutant window_off_by_one = {
    .strategy = {.name = "window_off_by_one",
                 .summary = "window, with one token too many.",
                 .source = "kvproof",
                 .params = {{"w", 1024, 1, 1 << 23, 1, 9, "tokens"}, kRowDType},
                 .contract = [](const Params& p) { return find_strategy("window")->contract(p); },
                 .make = &make},
    .fault = "the last w + 1 tokens are kept and seen",
    .source = "vLLM #3385, mistral-inference #60",
    .fault_class = "window"};

}  // namespace kvproof::mutants
