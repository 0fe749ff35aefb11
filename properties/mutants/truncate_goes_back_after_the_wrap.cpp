// Promises to go back to any length. Where the ring has wrapped, newer rows stand in the slots of those that it should
// bring back.
#include "engine/cache/common_caches.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

Contract contract(const Params& params) {
  Contract result = promised<kWindow>(params);
  result.truncates = [](const Params&, Position, Position) { return true; };
  return result;
}

}  // namespace

extern constinit const Mutant truncate_goes_back_after_the_wrap =
    like_window<RingCache>({.name = "truncate_goes_back_after_the_wrap",
                            .summary = "window, truncated to any length.",
                            .fault = "a ring that has wrapped is truncated, with overwritten rows in it",
                            .source = "mlx-lm #1427, onnxruntime-genai #2334",
                            .fault_class = "truncate"},
                           &contract);

}  // namespace kvproof::mutants
