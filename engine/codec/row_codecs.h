// Codecs that code each row by itself, at full precision or rounded to 16 bits.
#pragma once

#include "engine/codec/codec.h"
#include "engine/tensor/dtype.h"

namespace kvproof {

// `dtype` is f32, f16 or bf16; rounding to nearest even. REQUIRES: width >= 0.
CodecPtr make_row_codec(DType dtype, int width);

}  // namespace kvproof
