// The reordered keys are stored as keys and as values.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant values_reordered_from_keys =
    waiting({.name = "values_reordered_from_keys",
             .summary = "Beams, whose values are the reordered keys.",
             .fault = "a reorder puts keys into the values",
             .source = "transformers #34232",
             .fault_class = "batch"},
            "beam reorder");

}  // namespace kvproof::mutants
