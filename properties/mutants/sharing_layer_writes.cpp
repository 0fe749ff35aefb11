// A layer that should read the rows of another one also stores its own, over them.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant sharing_layer_writes =
    waiting({.name = "sharing_layer_writes",
             .summary = "Layers that share rows, all of them writing.",
             .fault = "a layer without rows of its own overwrites those of its producer",
             .source = "vllm-ascend #11791",
             .fault_class = "layers"},
            "cross-layer sharing");

}  // namespace kvproof::mutants
