// The copy before a write takes rows of the page that the new owner does not have, and leaves out some that it has.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant wrong_rows_of_a_page_are_copied =
    waiting({.name = "wrong_rows_of_a_page_are_copied",
             .summary = "Pages with reference counts, copied in part.",
             .fault = "a page is copied with a wrong bound on its rows",
             .source = "mlc-llm #2644",
             .fault_class = "fork"},
            "copy-on-write pages with reference counts");

}  // namespace kvproof::mutants
