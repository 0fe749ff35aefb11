// Builds no mask for a step of one token, as if a single query could see nothing it should not.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) {
  return key <= q.query && (q.queries == 1 || key > q.query - q.params["w"]);
}

}  // namespace

extern constinit const Mutant window_dropped_in_decode =
    hiding_window<&sees>({.name = "window_dropped_in_decode",
                          .summary = "window, without its bound in decode.",
                          .fault = "a step of one token sees all tokens",
                          .source = "mlx-lm #843, VeloxQuant-MLX #463",
                          .fault_class = "window"});

}  // namespace kvproof::mutants
