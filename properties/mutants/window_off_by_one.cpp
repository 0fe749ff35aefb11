// Keeps w + 1 tokens where the contract says w: the two conventions of "window" mixed up in one library.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

std::unique_ptr<KvCache> make(const Config& config) {
  Params params = honest_params("window", config.params);
  params.set("w", params["w"] + 1);
  return make_honest(params, config);
}

}  // namespace

extern constinit const Mutant window_off_by_one =
    breaks<kWindow>(&make, {.name = "window_off_by_one",
                            .summary = "window, with one token too many.",
                            .fault = "the last w + 1 tokens are kept and seen",
                            .source = "vLLM #3385, mistral-inference #60",
                            .fault_class = "window"});

}  // namespace kvproof::mutants
