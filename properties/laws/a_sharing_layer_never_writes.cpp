// A layer that reads the cache of another one leaves every byte of it as it was, and what is done to one layer changes
// no layer that does not share. No strategy can do this yet; the law waits for one.
//
// Law         step of a sharing layer: save of the owner unchanged;  an operation on layer i: save of layer j unchanged
// Verdict     exact
// Claimed by  models whose layers share a cache
#include "properties/support/law.h"

namespace kvproof::laws {

extern constinit const Law a_sharing_layer_never_writes = {
    .name = "a_sharing_layer_never_writes",
    .formula =
        "step of a sharing layer: save of the owner unchanged;  an operation on layer i: save of layer j unchanged",
    .covers = "G24",
    .look_at = "look at which layer owns the append, and at a state that is kept once for all layers",
    .verdict = LawClass::kExact,
    .claimed_by = "models whose layers share a cache",
    .waiting_for = "cross-layer sharing"};

}  // namespace kvproof::laws
