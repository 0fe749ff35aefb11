// Scores and weighted sums over rows of f32, f16 or bf16.
//
// Four scores are folded to sums together: about 13 instructions with 16 lanes, where folding each alone takes about 10
// and a product of 128 elements takes 8.

#include <algorithm>

#include "engine/codec/codec.h"
#include "engine/codec/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/codec/dense_kernels.cpp"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // once per target
#include "hwy/highway.h"

#include "engine/codec/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kvproof {
namespace HWY_NAMESPACE {

// kQ queries against four keys.
template <class Load, int kQ>
HWY_INLINE void dot_tile(const float* q, std::size_t width, const std::byte* const* keys, float* s, std::int64_t stride,
                         std::int64_t n) {
  const F32 d;
  const std::size_t lanes = hn::Lanes(d), padded = std::size_t(padded_width(std::int64_t(width)));
  VecF32 sum[kQ][4];
  for (int a = 0; a < kQ; ++a) {
    for (int j = 0; j < 4; ++j) sum[a][j] = hn::Zero(d);
  }
  const auto step = [&](std::size_t i, auto load) HWY_ATTR {
    VecF32 key[4];
    for (int j = 0; j < 4; ++j) key[j] = load(j);
    for (int a = 0; a < kQ; ++a) {
      const VecF32 query = hn::LoadU(d, q + std::size_t(a) * padded + i);
      for (int j = 0; j < 4; ++j) sum[a][j] = hn::MulAdd(query, key[j], sum[a][j]);
    }
  };
  // Elements of 16 bits take so many instructions that too few loads are under way at once: the keys behind these four
  // are asked for ahead.
  constexpr bool kAskAhead = kQ == 1 && sizeof(typename Load::Element) == 2;
  const std::ptrdiff_t ahead = 4 * (keys[1] - keys[0]);
  std::size_t i = 0;
  for (; i + lanes <= width; i += lanes) {
    if (kAskAhead && i % 32 == 0) {
      for (int j = 0; j < 4; ++j) hwy::Prefetch(keys[j] + ahead + 2 * i);
    }
    step(i, [&](int j) HWY_ATTR { return Load::load(d, keys[j], i); });
  }
  if (i < width) {  // what stands behind a row may be NaN: it is masked, not multiplied
    const auto mask = hn::FirstN(d, width - i);
    step(i, [&](int j) HWY_ATTR { return hn::IfThenElseZero(mask, Load::load(d, keys[j], i)); });
  }
  const F32x4 four;
  for (int a = 0; a < kQ; ++a) {
    const auto sums = sums_of_four(d, sum[a][0], sum[a][1], sum[a][2], sum[a][3]);
    float* to = s + a * stride;
    if (n >= 4) {
      hn::StoreU(sums, four, to);
    } else {
      alignas(16) float all[4];
      hn::Store(sums, four, all);
      std::copy_n(all, n, to);
    }
  }
}

template <class Load>
void scores_of(Queries queries, const DenseRows& k, std::int64_t n, ScoreRows to) {
  const auto [q, m] = queries;
  const auto [s, stride] = to;
  const std::size_t width = std::size_t(k.width);
  const std::int64_t padded = padded_width(k.width);
  for (std::int64_t t = 0; t < n; t += 4) {
    const std::byte* keys[4];
    for (std::int64_t j = 0; j < 4; ++j) keys[j] = k.first + std::size_t(std::min(t + j, n - 1)) * k.row_bytes;
    int i = 0;
    if constexpr (kManyRegisters) {
      for (; i + 4 <= m; i += 4) {
        dot_tile<Load, 4>(q + i * padded, width, keys, s + i * stride + t, stride, n - t);
      }
    }
    for (; i + 2 <= m; i += 2) {
      dot_tile<Load, 2>(q + i * padded, width, keys, s + i * stride + t, stride, n - t);
    }
    for (; i < m; ++i) dot_tile<Load, 1>(q + i * padded, width, keys, s + i * stride + t, stride, n - t);
  }
}

// kQ outputs, kC vectors of columns from column c on.
template <class Load, int kQ, int kC>
HWY_INLINE void sum_tile(const float* w, std::int64_t stride, const DenseRows& v, std::int64_t n, std::size_t c,
                         float* out) {
  const F32 d;
  const std::size_t lanes = hn::Lanes(d), padded = std::size_t(padded_width(v.width));
  VecF32 sum[kQ][kC];
  for (int a = 0; a < kQ; ++a) {
    for (int j = 0; j < kC; ++j) sum[a][j] = hn::LoadU(d, out + std::size_t(a) * padded + c + std::size_t(j) * lanes);
  }
  const auto mask = hn::FirstN(d, std::size_t(v.width) - c);  // only a single column can be cut short
  const std::byte* row = v.first;
  for (std::int64_t t = 0; t < n; ++t, row += v.row_bytes) {
    VecF32 value[kC];
    for (int j = 0; j < kC; ++j) value[j] = Load::load(d, row, c + std::size_t(j) * lanes);
    if constexpr (kC == 1) value[0] = hn::IfThenElseZero(mask, value[0]);
    for (int a = 0; a < kQ; ++a) {
      const VecF32 weight = hn::Set(d, w[a * stride + t]);
      for (int j = 0; j < kC; ++j) sum[a][j] = hn::MulAdd(weight, value[j], sum[a][j]);
    }
  }
  for (int a = 0; a < kQ; ++a) {
    for (int j = 0; j < kC; ++j) hn::StoreU(sum[a][j], d, out + std::size_t(a) * padded + c + std::size_t(j) * lanes);
  }
}

template <class Load, int kQ>
HWY_INLINE void sum_columns(const float* w, std::int64_t stride, const DenseRows& v, std::int64_t n, float* out) {
  const std::size_t lanes = hn::Lanes(F32()), width = std::size_t(v.width);
  constexpr int kWide = kQ == 1 ? 8 : (kManyRegisters ? 16 / kQ : 8 / kQ);
  std::size_t c = 0;
  for (; c + kWide * lanes <= width; c += kWide * lanes) sum_tile<Load, kQ, kWide>(w, stride, v, n, c, out);
  for (; c + 2 * lanes <= width; c += 2 * lanes) sum_tile<Load, kQ, 2>(w, stride, v, n, c, out);
  for (; c < width; c += lanes) sum_tile<Load, kQ, 1>(w, stride, v, n, c, out);
}

template <class Load>
void accumulate_of(WeightRows weights, const DenseRows& v, std::int64_t n, float* out) {
  const auto [w, m, stride] = weights;
  const std::int64_t padded = padded_width(v.width);
  int i = 0;
  for (; i + 4 <= m; i += 4) sum_columns<Load, 4>(w + i * stride, stride, v, n, out + i * padded);
  for (; i + 2 <= m; i += 2) sum_columns<Load, 2>(w + i * stride, stride, v, n, out + i * padded);
  for (; i < m; ++i) sum_columns<Load, 1>(w + i * stride, stride, v, n, out + i * padded);
}

void scores_kernel(Queries q, const DenseRows& k, std::int64_t n, ScoreRows s) {
  if (k.dtype == DType::kF32) return scores_of<LoadF32>(q, k, n, s);
  if (k.dtype == DType::kF16) return scores_of<LoadF16>(q, k, n, s);
  scores_of<LoadBF16>(q, k, n, s);
}

void accumulate_kernel(WeightRows w, const DenseRows& v, std::int64_t n, float* out) {
  if (v.dtype == DType::kF32) return accumulate_of<LoadF32>(w, v, n, out);
  if (v.dtype == DType::kF16) return accumulate_of<LoadF16>(w, v, n, out);
  accumulate_of<LoadBF16>(w, v, n, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace kvproof
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvproof {

HWY_EXPORT(scores_kernel);
HWY_EXPORT(accumulate_kernel);

void dense_scores(Queries q, const DenseRows& k, std::int64_t n, ScoreRows s) {
  HWY_DYNAMIC_DISPATCH(scores_kernel)(q, k, n, s);
}

void dense_accumulate(WeightRows w, const DenseRows& v, std::int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(accumulate_kernel)(w, v, n, out);
}

}  // namespace kvproof
#endif  // HWY_ONCE
