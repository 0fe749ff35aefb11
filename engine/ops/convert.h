// Elements from one type to another: floats to integers towards zero and saturating, NaN to 0; integers among
// themselves modulo their width; floats rounded once; to bool, whether it is not 0.
#pragma once

#include "engine/graph/op.h"

namespace kvproof {

// REQUIRES of both: no strings.
Tensor converted(const TensorView& from, DType type);
// The value itself where nothing changes.
Value converted(const Value& value, DType type, Evaluation& evaluation);

}  // namespace kvproof
