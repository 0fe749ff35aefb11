// Trims to the last w rows before a chunk attends: all its queries but the last miss what they should see. They need w
// - 1 rows and the whole chunk.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) {
  const Position w = q.params["w"], end = q.first + q.queries;
  return key <= q.query && key > q.query - w && key >= end - w;
}

}  // namespace

extern constinit const Mutant first_queries_of_a_chunk_lose_tokens =
    hiding_window<&sees>({.name = "first_queries_of_a_chunk_lose_tokens",
                          .summary = "window, trimmed to w rows before the chunk attends.",
                          .fault = "a chunk of several tokens attends the last w rows, for all its queries",
                          .source = "LLMs-from-scratch #1008",
                          .fault_class = "window"});

}  // namespace kvproof::mutants
