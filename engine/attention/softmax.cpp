#include "engine/attention/softmax.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/attention/softmax.cpp"
#include "hwy/foreach_target.h"  // once per target

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

#include "engine/codec/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kvproof {
namespace HWY_NAMESPACE {

HWY_INLINE VecF32 scaled(F32 d, VecF32 s, float scale, float softcap) {
  const VecF32 x = hn::Mul(s, hn::Set(d, scale));
  if (!(softcap > 0)) return x;
  const VecF32 cap = hn::Set(d, softcap);
  // Beyond 9 tanh is 1 in float32; the library's version is for finite arguments.
  const VecF32 ratio = hn::Min(hn::Max(hn::Div(x, cap), hn::Set(d, -9.f)), hn::Set(d, 9.f));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Mul(cap, hn::Tanh(d, ratio)));
}

void scale_kernel(float* s, std::int64_t n, float scale, float softcap) {
  const F32 d;
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(scaled(d, hn::LoadU(d, s + i), scale, softcap), d, s + i);
  if (i == n) return;
  alignas(64) float rest[hn::MaxLanes(F32())] = {};
  for (std::int64_t j = i; j < n; ++j) rest[j - i] = s[j];
  hn::Store(scaled(d, hn::Load(d, rest), scale, softcap), d, rest);
  for (std::int64_t j = i; j < n; ++j) s[j] = rest[j - i];
}

void softmax_kernel(float* s, std::int64_t begin, std::int64_t end, float* max, float* sum) {
  const F32 d;
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  const float nothing = -std::numeric_limits<float>::infinity();
  VecF32 top = hn::Set(d, nothing);
  for (std::int64_t i = begin; i < end; i += lanes) top = hn::Max(top, hn::LoadU(d, s + i));
  // Without vector instructions the library's maximum of nothing but -inf is the lowest finite number.
  *max = hn::AllTrue(d, hn::Eq(top, hn::Set(d, nothing))) ? nothing : hn::GetLane(hn::MaxOfLanes(d, top));
  *sum = 0;
  if (*max == nothing) {  // Max drops NaN where something stands beside it; here it would pass for hidden
    for (std::int64_t i = begin; i < end; ++i) {
      if (s[i] != s[i]) *max = *sum = s[i];
      s[i] = s[i] != s[i] ? s[i] : 0.f;
    }
    return;
  }
  const VecF32 shift = hn::Set(d, *max);
  VecF32 total = hn::Zero(d);
  for (std::int64_t i = begin; i < end; i += lanes) {
    const VecF32 x = hn::Sub(hn::LoadU(d, s + i), shift);
    // exp of the library is for finite arguments; below -104 it is 0 in float32 anyway.
    const VecF32 w = hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -104.f)), hn::Exp(d, hn::Max(x, hn::Set(d, -104.f))));
    const VecF32 weight = hn::IfThenElse(hn::IsNaN(x), x, w);
    hn::StoreU(weight, d, s + i);
    total = hn::Add(total, weight);
  }
  *sum = sum_of_lanes(d, total);
}

void blend_kernel(float* acc, float x, const float* part, float y, std::int64_t n) {
  const F32 d;
  const std::int64_t lanes = std::int64_t(hn::Lanes(d));
  const VecF32 vx = hn::Set(d, x), vy = hn::Set(d, y);
  for (std::int64_t i = 0; i < n; i += lanes) {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, part + i), vy, hn::Mul(hn::LoadU(d, acc + i), vx)), d, acc + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace kvproof
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvproof {

HWY_EXPORT(scale_kernel);
HWY_EXPORT(softmax_kernel);
HWY_EXPORT(blend_kernel);

void scale_scores(float* s, std::int64_t n, float scale, float softcap) {
  HWY_DYNAMIC_DISPATCH(scale_kernel)(s, n, scale, softcap);
}

void softmax_row(float* s, std::int64_t begin, std::int64_t end, float* max, float* sum) {
  HWY_DYNAMIC_DISPATCH(softmax_kernel)(s, begin, end, max, sum);
}

void blend(float* acc, float x, const float* part, float y, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(blend_kernel)(acc, x, part, y, n);
}

}  // namespace kvproof
#endif  // HWY_ONCE
