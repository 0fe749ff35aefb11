// Compares with < s - 1 where < s was meant.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) {
  return key <= q.query && (key < q.params["s"] - 1 || key > q.query - q.params["w"]);
}

}  // namespace

extern constinit const Mutant one_sink_too_few =
    hiding_sinks<&sees>({.name = "one_sink_too_few",
                         .summary = "sinks, the last of them hidden.",
                         .fault = "the last of the s sinks is hidden once it has left the window",
                         .source = "kvproof",
                         .fault_class = "window"});

}  // namespace kvproof::mutants
