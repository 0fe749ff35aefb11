// An explicit mask, for models that bring one.
#pragma once

#include "engine/tensor/tensor.h"

namespace kvproof {

// `values` has shape [B|1,Hq|1,S|1,T+S]: columns are positions 0 .. T+S-1. bool: false hides. f32: added to the scaled
// score, after the softcap; -inf hides. A hidden row is not read, so NaN in it changes nothing. The causal rule and
// the strategy's own visible set apply as well.
struct Mask {
  TensorView values;
};

}  // namespace kvproof
