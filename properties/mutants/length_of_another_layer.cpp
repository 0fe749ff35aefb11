// The length of the history is asked of the first layer, which keeps a window only.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant length_of_another_layer =
    waiting({.name = "length_of_another_layer",
             .summary = "Layers that ask the first one for its length.",
             .fault = "the length is that of a layer that has evicted",
             .source = "transformers #38156",
             .fault_class = "layers"},
            "layers of different types");

}  // namespace kvproof::mutants
