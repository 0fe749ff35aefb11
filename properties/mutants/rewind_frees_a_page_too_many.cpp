// A rewind counts pages from the length before it, and frees one that still holds tokens.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant rewind_frees_a_page_too_many =
    waiting({.name = "rewind_frees_a_page_too_many",
             .summary = "Pages, one too few after a rewind.",
             .fault = "a rewind frees the page that holds the last token",
             .source = "TensorRT-LLM #6834",
             .fault_class = "truncate"},
            "a paged layout (block tables)");

}  // namespace kvproof::mutants
