// A shift of positions is applied to the first sequence of a batch.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant first_stream_alone_is_shifted =
    waiting({.name = "first_stream_alone_is_shifted",
             .summary = "A shift of positions, of one sequence.",
             .fault = "keys of other sequences keep their old rotation",
             .source = "llama.cpp #14742",
             .fault_class = "layout"},
            "shift of positions");

}  // namespace kvproof::mutants
