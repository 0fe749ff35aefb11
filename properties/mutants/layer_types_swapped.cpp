// Layers that should see a window see everything, and the others the window.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant layer_types_swapped = waiting({.name = "layer_types_swapped",
                                                             .summary = "Layers with and without a window, exchanged.",
                                                             .fault = "the masks of two types of layers are exchanged",
                                                             .source = "mlx-lm #465",
                                                             .fault_class = "layers"},
                                                            "layers of different types");

}  // namespace kvproof::mutants
