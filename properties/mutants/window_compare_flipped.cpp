// Compares with > where >= was meant: the oldest token of the window is hidden.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) { return key <= q.query && key > q.query - q.params["w"] + 1; }

}  // namespace

extern constinit const Mutant window_compare_flipped =
    hiding_window<&sees>({.name = "window_compare_flipped",
                          .summary = "window, with one token too few.",
                          .fault = "the last w - 1 tokens are seen, not the last w",
                          .source = "mlx-lm #390",
                          .fault_class = "window"});

}  // namespace kvproof::mutants
