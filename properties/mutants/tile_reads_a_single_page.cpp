// A tile of values is longer than a page and reads all its rows from the page of the first.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant tile_reads_a_single_page =
    waiting({.name = "tile_reads_a_single_page",
             .summary = "Pages smaller than the tile of the kernel.",
             .fault = "rows of a tile behind the end of its first page are read from that page",
             .source = "flashinfer #3022",
             .fault_class = "layout"},
            "a paged layout (block tables)");

}  // namespace kvproof::mutants
