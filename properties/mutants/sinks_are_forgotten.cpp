// Computes the window and drops the term of the sinks.
#include "properties/mutants/hiding_cache.h"

namespace kvproof::mutants {
namespace {

bool sees(const Question& q, Position key) { return key <= q.query && key > q.query - q.params["w"]; }

}  // namespace

extern constinit const Mutant sinks_are_forgotten =
    hiding_sinks<&sees>({.name = "sinks_are_forgotten",
                         .summary = "sinks, without the sinks.",
                         .fault = "the first s tokens are kept and not attended",
                         .source = "flashinfer #1930",
                         .fault_class = "attention"});

}  // namespace kvproof::mutants
