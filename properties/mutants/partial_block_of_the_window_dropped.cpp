// Attends floor(w / block) whole blocks for a window of w tokens: what the oldest, partial block holds is dropped.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

constexpr Position kBlock = 4;

bool sees(const Question& q, Position key) {
  const Position w = q.params["w"], blocks = std::max<Position>(1, w / kBlock);
  return key <= q.query && key > q.query - w && key / kBlock > q.query / kBlock - blocks;
}

}  // namespace

extern constinit const Mutant partial_block_of_the_window_dropped =
    hiding_window<&sees>({.name = "partial_block_of_the_window_dropped",
                          .summary = "window, in whole blocks of 4 tokens.",
                          .fault = "tokens of the window are dropped whose block is not among the last w / 4",
                          .source = "vllm-gaudi #1395",
                          .fault_class = "window"});

}  // namespace kvproof::mutants
