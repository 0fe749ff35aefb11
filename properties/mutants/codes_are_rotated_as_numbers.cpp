// A shift of positions rotates the codes of keys as if they were keys.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant codes_are_rotated_as_numbers =
    waiting({.name = "codes_are_rotated_as_numbers",
             .summary = "A shift of positions, applied to codes.",
             .fault = "codes are rotated without being decoded",
             .source = "llama.cpp #5652",
             .fault_class = "quantization"},
            "shift of positions");

}  // namespace kvproof::mutants
