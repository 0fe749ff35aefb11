// Forks share pages until one of them writes: the first append into a shared partial page copies that page and no
// other, n forks copy it n - 1 times, a full page never; and every page that is referred to by nobody is free. No
// strategy can do this yet; the law waits for one.
//
// Law         fork, then append: the other's bytes are unchanged;  copies of a partial page shared by n = n - 1;
//             sum of references = sum of table entries;  free + used = all
// Verdict     exact
// Claimed by  contracts whose forks share pages
#include "properties/support/law.h"

namespace kvproof::laws {

extern constinit const Law a_shared_page_is_copied_before_it_is_written = {
    .name = "a_shared_page_is_copied_before_it_is_written",
    .formula =
        "fork, append: the other is unchanged;  n forks copy a partial page n - 1 times;  sum(references) = "
        "sum(entries)",
    .covers = "G10 G14",
    .look_at = "look at where a reference count falls: on drop, on truncate, on the copy itself",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts whose forks share pages",
    .waiting_for = "copy-on-write pages with reference counts"};

}  // namespace kvproof::laws
