// A layer takes its rows from the last layer that stored any, not from the last of its own type.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant rows_of_a_layer_of_another_type =
    waiting({.name = "rows_of_a_layer_of_another_type",
             .summary = "Layers that share rows, sharing with the wrong one.",
             .fault = "the producer of shared rows is of another type",
             .source = "mlx-swift-lm #333",
             .fault_class = "layers"},
            "cross-layer sharing");

}  // namespace kvproof::mutants
