// Takes the shortcut of a causal mask over row numbers: they are positions only until something is evicted; then a
// chunk sees its own future.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) {
  const Position w = q.params["w"], evicted = q.first > w ? q.first - w : 0;
  return key - evicted <= q.query && key > q.query - w;
}

}  // namespace

extern constinit const Mutant causal_by_row_after_eviction = hiding_window<&sees>(
    {.name = "causal_by_row_after_eviction",
     .summary = "window, causal by row number.",
     .fault = "after an eviction a row is taken for a position, and a query sees rows of its future",
     .source = "VeloxQuant-MLX #370",
     .fault_class = "window"});

}  // namespace kvproof::mutants
