// Promises to go back to any length. Where the ring has wrapped, newer rows stand in the slots of those that it should
// bring back.
#include "engine/cache/common_caches.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

constexpr Mutant make_mutant() {
  Mutant mutant = like_window<RingCache>({.name = "truncate_goes_back_after_the_wrap",
                                          .summary = "window, truncated to any length.",
                                          .fault = "a ring that has wrapped is truncated, with overwritten rows in it",
                                          .source = "mlx-lm #1427, onnxruntime-genai #2334",
                                          .fault_class = "truncate"});
  mutant.strategy.contract = [](const Params& params) {
    Contract contract = find_strategy("window")->contract(params);
    contract.truncates = [](const Params&, Position, Position) { return true; };
    return contract;
  };
  return mutant;
}

}  // namespace

extern constinit const Mutant truncate_goes_back_after_the_wrap = make_mutant();

}  // namespace kvproof::mutants
