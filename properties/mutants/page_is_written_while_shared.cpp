// Appends into a page that another sequence still refers to.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant page_is_written_while_shared =
    waiting({.name = "page_is_written_while_shared",
             .summary = "Pages with reference counts, written in place.",
             .fault = "a page with two owners is written without a copy",
             .source = "xLLM #1984",
             .fault_class = "fork"},
            "copy-on-write pages with reference counts");

}  // namespace kvproof::mutants
