// Constant folding: what does not depend on inputs and states is computed once, before the first turn.
#pragma once

#include "engine/graph/model.h"

namespace kvproof {

// Replaces nodes by constants of the same names where all inputs are constants or the elements of the outputs are known
// integers. Stays away from nodes with state, from results above 64 MiB that are larger than what they are made of, and
// from what cannot be computed without the symbols of a turn. Dead nodes go.
void fold_constants(Model& model);

}  // namespace kvproof
