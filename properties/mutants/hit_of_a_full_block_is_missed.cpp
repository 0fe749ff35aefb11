// Compares with > where >= was meant: a prefix that ends with a block is reused one block short, or one too far.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant hit_of_a_full_block_is_missed =
    waiting({.name = "hit_of_a_full_block_is_missed",
             .summary = "Blocks shared by hash, off by one at a multiple of the block.",
             .fault = "a prefix whose length is a multiple of the block is matched wrongly",
             .source = "sglang #22819",
             .fault_class = "prefix"},
            "prefix sharing by hash");

}  // namespace kvproof::mutants
