// A prefix that is there whole, and as long as a number of chunks, leaves no token to compute the next one from.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant full_hit_at_a_chunk_multiple =
    waiting({.name = "full_hit_at_a_chunk_multiple",
             .summary = "A tier that loads in chunks, off by one.",
             .fault = "a hit as long as a number of chunks leaves nothing to be computed",
             .source = "LMCache #5151",
             .fault_class = "snapshot"},
            "offload tiers");

}  // namespace kvproof::mutants
