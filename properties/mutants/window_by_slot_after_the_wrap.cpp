// Applies the window to slots as if they still stood in the order of positions: right until the ring has wrapped.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) {
  const Position w = q.params["w"], first = q.first;
  if (first <= w) return key <= q.query && key > q.query - w;
  if (key < first - w || key > q.query) return false;
  const Position slot = key < first ? key % w : w + key - first;  // the ring, then the chunk
  return slot > w + q.query - first - w;
}

}  // namespace

extern constinit const Mutant window_by_slot_after_the_wrap =
    hiding_window<&sees>({.name = "window_by_slot_after_the_wrap",
                          .summary = "window, whose bound compares slots.",
                          .fault = "after the wrap the bound of the window is compared with slots, not with positions",
                          .source = "mlx-lm #1093",
                          .fault_class = "window"});

}  // namespace kvproof::mutants
