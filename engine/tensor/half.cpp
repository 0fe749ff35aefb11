#include "engine/tensor/half.h"

#include <cstring>

#include "engine/base/check.h"

namespace kvproof {

float f32_from_f16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000) << 16;
  const std::uint32_t rest = bits & 0x7fff;
  if (rest >= 0x7c00) return std::bit_cast<float>(sign | 0x7f800000 | ((rest & 0x3ff) << 13) | (rest > 0x7c00 ? 0x400000 : 0));
  // Shifted into place the exponent is 112 too small; a product with 2^112 mends it, subnormals included.
  const float magnitude = std::bit_cast<float>(rest << 13) * 0x1p112f;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

std::uint16_t f16_from_f32(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint16_t sign = std::uint16_t((bits >> 16) & 0x8000);
  const std::uint32_t rest = bits & 0x7fffffff;
  if (rest > 0x7f800000) return std::uint16_t(sign | 0x7e00 | ((rest >> 13) & 0x1ff));
  if (rest >= 0x477ff000) return std::uint16_t(sign | 0x7c00);  // 65520 and above round to infinity
  if (rest < 0x38800000) {
    // Below 2^-14: adding 0.5 puts the last bit of the result where the last bit of a subnormal belongs.
    const float shifted = std::bit_cast<float>(rest) + 0.5f;
    return std::uint16_t(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000));
  }
  return std::uint16_t(sign | ((rest - 0x38000000 + 0xfff + ((rest >> 13) & 1)) >> 13));
}

void to_f32(DType type, const std::byte* from, std::int64_t n, float* to) {
  KVPROOF_CHECK(is_float(type));
  if (n == 0) return;
  if (type == DType::kF32) {
    std::memcpy(to, from, std::size_t(n) * 4);
    return;
  }
  const auto* bits = reinterpret_cast<const std::uint16_t*>(from);
  if (type == DType::kBF16) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = f32_from_bf16(bits[i]);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = f32_from_f16(bits[i]);
  }
}

void from_f32(DType type, const float* from, std::int64_t n, std::byte* to) {
  KVPROOF_CHECK(is_float(type));
  if (n == 0) return;
  if (type == DType::kF32) {
    std::memcpy(to, from, std::size_t(n) * 4);
    return;
  }
  auto* bits = reinterpret_cast<std::uint16_t*>(to);
  if (type == DType::kBF16) {
    for (std::int64_t i = 0; i < n; ++i) bits[i] = bf16_from_f32(from[i]);
  } else {
    for (std::int64_t i = 0; i < n; ++i) bits[i] = f16_from_f32(from[i]);
  }
}

}  // namespace kvproof
