// A block is filled again and keeps the hash of what it held: a later prompt hits tokens that it does not have.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant hash_of_a_rebuilt_block_is_stale =
    waiting({.name = "hash_of_a_rebuilt_block_is_stale",
             .summary = "Blocks shared by hash, hashed once.",
             .fault = "a block that is filled again keeps its old hash",
             .source = "vLLM #49449",
             .fault_class = "prefix"},
            "prefix sharing by hash");

}  // namespace kvproof::mutants
