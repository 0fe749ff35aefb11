// A prefix is reused as long as the layer with the largest window has it; layers with smaller windows have overwritten
// it.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant reuse_up_to_the_largest_window =
    waiting({.name = "reuse_up_to_the_largest_window",
             .summary = "Blocks shared by hash, over layers with several windows.",
             .fault = "reuse follows the largest window among the layers, not the smallest",
             .source = "TensorRT-LLM #2983",
             .fault_class = "prefix"},
            "prefix sharing over layers of different types");

}  // namespace kvproof::mutants
