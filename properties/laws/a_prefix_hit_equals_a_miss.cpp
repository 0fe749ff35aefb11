// A prefix that was found in the store of another sequence gives the bits that computing it again gives; what is found
// has the same tokens and the same extra keys (adapter, image, salt). No strategy can do this yet; the law waits for
// one.
//
// Law         hit(x)  =>  tokens and extra keys equal;  out and read after a hit = out and read after a miss
// Verdict     exact
// Claimed by  contracts that share prefixes
#include "properties/support/law.h"

namespace kvproof::laws {

extern constinit const Law a_prefix_hit_equals_a_miss = {
    .name = "a_prefix_hit_equals_a_miss",
    .formula = "hit(x)  =>  tokens and extra keys equal;  out and read after a hit = out and read after a miss",
    .covers = "G10 G12",
    .look_at = "look at what the key of a block leaves out, and at blocks that are evicted while they are in use",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts that share prefixes",
    .waiting_for = "prefix sharing by hash"};

}  // namespace kvproof::laws
