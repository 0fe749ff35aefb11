// Shifting every position by the same amount is turning every stored key by the same angle, and attention depends on
// differences of positions alone.
// No strategy can do this yet; the law waits for one.
//
// Law         shift(s): k'_j = R(s) k_j;  out with all positions + s = out
// Verdict     tolerant
// Claimed by  contracts that shift positions
// Tolerance   a rotation is D roundings of every element: 2 D u |q| |k| for a score, with u = 2^-24
#include "properties/support/law.h"

namespace kvproof::laws {

extern constinit const Law a_context_shift_equals_rotating_the_keys = {
    .name = "a_context_shift_equals_rotating_the_keys",
    .formula = "shift(s): k'_j = R(s) k_j;  out with all positions + s = out",
    .covers = "G5",
    .look_at = "look at keys that are turned twice, and at queries whose positions were not shifted",
    .verdict = LawClass::kTolerant,
    .claimed_by = "contracts that shift positions",
    .waiting_for = "shift of positions"};

}  // namespace kvproof::laws
