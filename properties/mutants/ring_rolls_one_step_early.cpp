// Rolls when the ring becomes full where it should roll when it is full: the query that completes the window has lost
// the first token.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) {
  return key <= q.query && key > q.query - q.params["w"] && !(q.query == q.params["w"] - 1 && key == 0);
}

}  // namespace

extern constinit const Mutant ring_rolls_one_step_early =
    hiding_window<&sees>({.name = "ring_rolls_one_step_early",
                          .summary = "window, rolling at its last free slot.",
                          .fault = "the token that takes the last free slot pushes out the first",
                          .source = "transformers #37574, LiteRT-LM #2762",
                          .fault_class = "ring"});

}  // namespace kvproof::mutants
