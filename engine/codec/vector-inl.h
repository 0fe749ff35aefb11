// Highway helpers that the kernel files share: loads that widen to f32, and the one fold of lanes to a sum. Included
// once per target, hence no #pragma once but Highway's own guard.

#if defined(KVPROOF_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KVPROOF_VECTOR_INL_H_
#undef KVPROOF_VECTOR_INL_H_
#else
#define KVPROOF_VECTOR_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvproof {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using F32x4 = hn::CappedTag<float, 4>;
using VecF32 = hn::Vec<F32>;
inline constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON;

// Elements i .. i + N - 1 of a row, widened. The memory behind a row may be read.
struct LoadF32 {
  using Element = float;
  static HWY_INLINE VecF32 load(F32 d, const std::byte* row, std::size_t i) {
    return hn::LoadU(d, reinterpret_cast<const float*>(row) + i);
  }
};

struct LoadBF16 {
  using Element = std::uint16_t;
  static HWY_INLINE VecF32 load(F32 d, const std::byte* row, std::size_t i) {
    const hn::Rebind<std::uint16_t, F32> d16;
    const hn::RebindToUnsigned<F32> d32;
    const auto bits = hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(row) + i);
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, bits)));
  }
};

struct LoadF16 {
  using Element = std::uint16_t;
  static HWY_INLINE VecF32 load(F32 d, const std::byte* row, std::size_t i) {
#if HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_EMU128
    // Without conversion instructions: as half.cpp does it. Highway's own emulation is wrong for infinity and NaN.
    const hn::Rebind<std::uint16_t, F32> d16;
    const hn::RebindToUnsigned<F32> d32;
    const auto bits = hn::PromoteTo(d32, hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(row) + i));
    const auto rest = hn::And(bits, hn::Set(d32, 0x7fff));
    const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(d32, 0x8000)));
    const auto finite = hn::BitCast(d32, hn::Mul(hn::BitCast(d, hn::ShiftLeft<13>(rest)), hn::Set(d, 0x1p112f)));
    const auto special = hn::Or(hn::ShiftLeft<13>(rest), hn::Set(d32, 0x7f800000));
    return hn::BitCast(d, hn::Or(sign, hn::IfThenElse(hn::Gt(rest, hn::Set(d32, 0x7bff)), special, finite)));
#else
    const hn::Rebind<hwy::float16_t, F32> d16;
    return hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(row) + i));
#endif
  }
};

template <class D>
HWY_INLINE hn::Vec<F32x4> fold_to_four(D /*d*/, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) <= 4) {
    return v;
  } else {
    const hn::Half<D> half;
    return fold_to_four(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// The sums of the lanes of four vectors: per 128-bit block (v0 + v2) + (v1 + v3), then halves upon halves.
HWY_INLINE hn::Vec<F32x4> sums_of_four(F32 d, VecF32 a, VecF32 b, VecF32 c, VecF32 e) {
  const hn::Repartition<double, F32> d64;
  const VecF32 ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const VecF32 ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  const auto ab64 = hn::BitCast(d64, ab), ce64 = hn::BitCast(d64, ce);
  const VecF32 sums = hn::Add(hn::BitCast(d, hn::InterleaveLower(d64, ab64, ce64)),
                              hn::BitCast(d, hn::InterleaveUpper(d64, ab64, ce64)));
  return fold_to_four(d, sums);
}

HWY_INLINE float sum_of_lanes(F32 d, VecF32 v) {
  const VecF32 zero = hn::Zero(d);
  return hn::GetLane(sums_of_four(d, v, zero, zero, zero));
}

}  // namespace HWY_NAMESPACE
}  // namespace kvproof
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
