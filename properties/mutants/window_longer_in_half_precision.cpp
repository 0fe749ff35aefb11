// One back end counts the query itself, the other does not; which of the two runs follows from the dtype of the rows.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) {
  return key <= q.query && key > q.query - q.params["w"] - (row_dtype(q.params) == DType::kF32 ? 0 : 1);
}

}  // namespace

extern constinit const Mutant window_longer_in_half_precision =
    hiding_window<&sees>({.name = "window_longer_in_half_precision",
                          .summary = "window, one token longer where rows have 16 bits.",
                          .fault = "rows of 16 bits are attended by a back end whose window is w + 1",
                          .source = "vLLM #3385",
                          .fault_class = "window"});

}  // namespace kvproof::mutants
