// The physical number of a page is no business of anybody: with pages handed out in another order, outputs, rows and
// reported bytes are the same.
// No strategy can do this yet; the law waits for one.
//
// Law         pi a permutation of free pages  =>  out, read and memory under pi = out, read and memory
// Verdict     exact
// Claimed by  contracts with a paged layout
#include "properties/support/law.h"

namespace kvproof::laws {

extern constinit const Law relabelled_pages_change_no_bit = {
    .name = "relabelled_pages_change_no_bit",
    .formula = "pi a permutation of free pages  =>  out, read and memory under pi = out, read and memory",
    .covers = "G6 G21",
    .look_at = "look for arithmetic on a page's number where its place in the table is meant",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with a paged layout",
    .waiting_for = "a paged layout (block tables)"};

}  // namespace kvproof::laws
