// The fields of a key are joined without their lengths, so that two different keys spell the same.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant hash_fields_run_together =
    waiting({.name = "hash_fields_run_together",
             .summary = "Blocks shared by hash, of fields that run together.",
             .fault = "two keys whose fields are cut elsewhere collide",
             .source = "vLLM #44701",
             .fault_class = "prefix"},
            "prefix sharing by hash");

}  // namespace kvproof::mutants
