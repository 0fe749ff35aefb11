// IEEE binary16 and bfloat16: rounding to nearest, ties to even; overflow to infinity; NaN stays NaN.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "engine/tensor/dtype.h"

namespace kvproof {

inline float f32_from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t(bits) << 16); }

inline std::uint16_t bf16_from_f32(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return std::uint16_t((bits >> 16) | 0x40);  // a quiet NaN
  return std::uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float f32_from_f16(std::uint16_t bits);
std::uint16_t f16_from_f32(float value);

// Whole arrays, `type` one of f32, f16, bf16; the bits are those of the scalar functions.
// REQUIRES: n elements at both ends; no overlap.
void to_f32(DType type, const std::byte* from, std::int64_t n, float* to);
void from_f32(DType type, const float* from, std::int64_t n, std::byte* to);

}  // namespace kvproof
