// The reorder of a beam search reaches a function that does nothing.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant beams_are_not_reordered = waiting({.name = "beams_are_not_reordered",
                                                                 .summary = "Beams that stay where they are.",
                                                                 .fault = "a reorder does nothing",
                                                                 .source = "transformers #46612",
                                                                 .fault_class = "batch"},
                                                                "beam reorder");

}  // namespace kvproof::mutants
