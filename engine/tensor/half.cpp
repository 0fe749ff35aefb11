#include "engine/tensor/half.h"

#include <cstring>

#include "engine/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/tensor/half.cpp"
#include "hwy/foreach_target.h"  // once per target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvproof {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// With conversion instructions for whole vectors; the rest, and machines without them, one by one. The bits are equal.
void widen_f16(const std::uint16_t* from, std::int64_t n, float* to) {
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SSE4 && HWY_TARGET != HWY_EMU128
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(from) + i)), d, to + i);
  }
#endif
  for (; i < n; ++i) to[i] = f32_from_f16(from[i]);
}

void narrow_f16(const float* from, std::int64_t n, std::uint16_t* to) {
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SSE4 && HWY_TARGET != HWY_EMU128
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::DemoteTo(d16, hn::LoadU(d, from + i)), d16, reinterpret_cast<hwy::float16_t*>(to) + i);
  }
#endif
  for (; i < n; ++i) to[i] = f16_from_f32(from[i]);
}

}  // namespace HWY_NAMESPACE
}  // namespace kvproof
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvproof {

HWY_EXPORT(widen_f16);
HWY_EXPORT(narrow_f16);

float f32_from_f16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000) << 16;
  const std::uint32_t rest = bits & 0x7fff;
  if (rest >= 0x7c00)
    return std::bit_cast<float>(sign | 0x7f800000 | ((rest & 0x3ff) << 13) | (rest > 0x7c00 ? 0x400000 : 0));
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
  const auto* bits = reinterpret_cast<const std::uint16_t*>(from);
  if (type == DType::kF32) {
    std::memcpy(to, from, std::size_t(n) * 4);
  } else if (type == DType::kBF16) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = f32_from_bf16(bits[i]);
  } else {
    HWY_DYNAMIC_DISPATCH(widen_f16)(bits, n, to);
  }
}

void from_f32(DType type, const float* from, std::int64_t n, std::byte* to) {
  KVPROOF_CHECK(is_float(type));
  if (n == 0) return;
  auto* bits = reinterpret_cast<std::uint16_t*>(to);
  if (type == DType::kF32) {
    std::memcpy(to, from, std::size_t(n) * 4);
  } else if (type == DType::kBF16) {
    for (std::int64_t i = 0; i < n; ++i) bits[i] = bf16_from_f32(from[i]);
  } else {
    HWY_DYNAMIC_DISPATCH(narrow_f16)(from, n, bits);
  }
}

}  // namespace kvproof
#endif  // HWY_ONCE
