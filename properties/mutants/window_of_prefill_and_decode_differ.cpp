// Prefill sees the token itself and w before it, decode w - 1 before it: two conventions of "window" in one model.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) {
  return key <= q.query && key > q.query - q.params["w"] - (q.queries > 1 ? 1 : 0);
}

}  // namespace

extern constinit const Mutant window_of_prefill_and_decode_differ =
    hiding_window<&sees>({.name = "window_of_prefill_and_decode_differ",
                          .summary = "window, one token longer in prefill.",
                          .fault = "a step of several tokens sees w + 1 tokens, a step of one token w",
                          .source = "mistral-inference #60",
                          .fault_class = "window"});

}  // namespace kvproof::mutants
