// After the rows of a batch are permuted or doubled, every row goes on as a cache that was fed its own history from the
// start; the identity changes nothing.
// No strategy can do this yet; the law waits for one.
//
// Law         reorder(p): row b = fresh cache fed the history of row p(b);  reorder(identity) = nothing
// Verdict     exact
// Claimed by  contracts that reorder the rows of a batch
#include "properties/support/law.h"

namespace kvproof::laws {

extern constinit const Law reordered_beams_equal_their_replayed_histories = {
    .name = "reordered_beams_equal_their_replayed_histories",
    .formula = "reorder(p): row b = fresh cache fed the history of row p(b);  reorder(identity) = nothing",
    .covers = "G7 G25",
    .look_at =
        "look at rows that are overwritten before they are read, and at state beside the rows: positions, scores, "
        "scales",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts that reorder the rows of a batch",
    .waiting_for = "beam reorder"};

}  // namespace kvproof::laws
