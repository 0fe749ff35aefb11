// A codec that turns rows before it codes them turns queries alike and outputs back: scores are those of unturned rows.
// No strategy can do this yet; the law waits for one.
//
// Law         (H q) . (H k) = q . k;  H^T (sum w_j H v_j) = sum w_j v_j
// Verdict     tolerant
// Claimed by  codecs that rotate (Hadamard)
// Tolerance   a rotation is D roundings of every element: 2 D u |q| |k| for a score, with u = 2^-24
#include "properties/support/law.h"

namespace kvproof::laws {

extern constinit const Law a_rotation_is_undone_exactly_once = {
    .name = "a_rotation_is_undone_exactly_once",
    .formula = "(H q) . (H k) = q . k;  H^T (sum w_j H v_j) = sum w_j v_j",
    .covers = "G1 G22",
    .look_at =
        "count how often a row is turned between append and output: keys and queries once each, values there and back",
    .verdict = LawClass::kTolerant,
    .claimed_by = "codecs that rotate (Hadamard)",
    .waiting_for = "rotating codecs"};

}  // namespace kvproof::laws
