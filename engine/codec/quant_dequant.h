// The affine round trip that quantization papers measure: what a matrix looks like after b bits.
#pragma once

#include <cstdint>

namespace kvproof {

enum class ScalePer { kRow, kColumn };

// Replaces each element of x [rows,cols] by its value after coding to `bits` bits with one scale and minimum per row or
// per column: scale = (max - min) / (2^bits - 1), round half to even. Constant groups come back exact; no finite input
// gives NaN or infinity. Throws Error(kUsage) unless 1 <= bits <= 16.
void quant_dequant(float* x, std::int64_t rows, std::int64_t cols, int bits, ScalePer per);

}  // namespace kvproof
