// What a page promises of its keys bounds every one of them, so that a page that is not read could not have scored
// higher than it said. No strategy can do this yet; the law waits for one.
//
// Law         bound(q, page) >= q . k_j for every key j of the page;  pages read = all  =>  out = out(concat)
// Verdict     exact
// Claimed by  contracts that retrieve pages by a bound
#include "properties/support/law.h"

namespace kvproof::laws {

extern constinit const Law a_page_bound_dominates_its_keys = {
    .name = "a_page_bound_dominates_its_keys",
    .formula = "bound(q, page) >= q . k_j for every key j of the page;  pages read = all  =>  out = out(concat)",
    .covers = "G3 G16",
    .look_at =
        "look at the bound after a key was overwritten or truncated, and at the sign of q against minimum and maximum",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts that retrieve pages by a bound",
    .waiting_for = "page retrieval"};

}  // namespace kvproof::laws
