// Scores and weighted sums over packed codes of 8, 4 or 2 bits; nothing is decoded to memory.

#include <algorithm>

#include "engine/base/check.h"
#include "engine/codec/codec.h"
#include "engine/codec/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/codec/code_kernels.cpp"
#include "hwy/foreach_target.h"  // once per target
#include "hwy/highway.h"

#include "engine/codec/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace kvproof {
namespace HWY_NAMESPACE {

// Codes i .. i + N - 1 of a row as floats. REQUIRES: i + N within the full runs of the row.
template <int kBits>
HWY_INLINE VecF32 load_codes(F32 d, const std::byte* row, std::size_t i) {
  constexpr std::size_t kRun = 128 / kBits;  // channels in 16 bytes
  const hn::Rebind<std::uint8_t, F32> d8;
  const hn::RebindToSigned<F32> d32;
  const std::size_t inside = i % kRun;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(row) + i / kRun * 16 + inside % 16;
  auto codes = hn::PromoteTo(d32, hn::LoadU(d8, bytes));
  if constexpr (kBits < 8) {
    codes = hn::And(hn::ShiftRightSame(codes, int(inside / 16 * kBits)), hn::Set(d32, (1 << kBits) - 1));
  }
  return hn::ConvertTo(d, codes);
}

// The channels behind the full runs, unpacked and padded with zeros.
template <int kBits>
HWY_INLINE void load_rest(const std::byte* row, int width, float* rest) {
  constexpr int kRun = 128 / kBits;
  const int full = width / kRun * kRun;
  std::fill_n(rest, kRun, 0.f);
  unpack_codes(row + packed_bytes(full, kBits), width - full, kBits, rest);
}

// kQ queries against the codes of four rows, of which n count.
template <int kBits, int kQ>
HWY_INLINE void code_dot_tile(const float* q, const float* bias, int columns, const std::byte* const* rows,
                              std::int64_t n, ScoreRows to) {
  constexpr std::size_t kRun = 128 / kBits;
  const F32 d;
  const std::size_t lanes = hn::Lanes(d), padded = std::size_t(padded_width(columns));
  const std::size_t width = std::size_t(columns), full = width / kRun * kRun;
  VecF32 sum[kQ][4];
  for (int a = 0; a < kQ; ++a) {
    for (int j = 0; j < 4; ++j) sum[a][j] = hn::Zero(d);
  }
  const auto step = [&](std::size_t i, auto load) HWY_ATTR {
    VecF32 code[4];
    for (int j = 0; j < 4; ++j) code[j] = load(j);
    for (int a = 0; a < kQ; ++a) {
      const VecF32 query = hn::LoadU(d, q + std::size_t(a) * padded + i);
      for (int j = 0; j < 4; ++j) sum[a][j] = hn::MulAdd(query, code[j], sum[a][j]);
    }
  };
  for (std::size_t i = 0; i < full; i += lanes) {
    step(i, [&](int j) HWY_ATTR { return load_codes<kBits>(d, rows[j], i); });
  }
  if (full < width) {
    alignas(64) float rest[4][kRun];
    for (int j = 0; j < 4; ++j) load_rest<kBits>(rows[j], columns, rest[j]);
    for (std::size_t i = full; i < padded; i += lanes) {
      step(i, [&](int j) HWY_ATTR { return hn::Load(d, rest[j] + (i - full)); });
    }
  }
  for (int a = 0; a < kQ; ++a) {
    alignas(16) float four[4];
    const F32x4 d4;
    hn::Store(hn::Add(sums_of_four(d, sum[a][0], sum[a][1], sum[a][2], sum[a][3]), hn::Set(d4, bias[a])), d4, four);
    std::copy_n(four, std::min<std::int64_t>(n, 4), to.s + a * to.stride);
  }
}

template <int kBits>
void code_scores_of(Queries queries, const float* bias, const CodeRows& k, std::int64_t n, ScoreRows to) {
  const auto [q, m] = queries;
  const auto [s, stride] = to;
  const std::int64_t padded = padded_width(k.width);
  for (std::int64_t t = 0; t < n; t += 4) {
    const std::byte* rows[4];
    for (std::int64_t j = 0; j < 4; ++j) rows[j] = k.first + std::size_t(std::min(t + j, n - 1)) * k.row_bytes;
    int i = 0;
    for (; i + 2 <= m; i += 2) {
      code_dot_tile<kBits, 2>(q + i * padded, bias + i, k.width, rows, n - t, {s + i * stride + t, stride});
    }
    for (; i < m; ++i) {
      code_dot_tile<kBits, 1>(q + i * padded, bias + i, k.width, rows, n - t, {s + i * stride + t, stride});
    }
  }
}

// kQ outputs, kC vectors of columns from column c on. REQUIRES: the columns lie within the full runs.
template <int kBits, int kQ, int kC>
HWY_INLINE void code_sum_tile(const float* w, std::int64_t stride, const CodeRows& v, std::int64_t n, std::size_t c,
                              float* out) {
  const F32 d;
  const std::size_t lanes = hn::Lanes(d), padded = std::size_t(padded_width(v.width));
  VecF32 sum[kQ][kC];
  for (int a = 0; a < kQ; ++a) {
    for (int j = 0; j < kC; ++j) sum[a][j] = hn::LoadU(d, out + std::size_t(a) * padded + c + std::size_t(j) * lanes);
  }
  const std::byte* row = v.first;
  for (std::int64_t t = 0; t < n; ++t, row += v.row_bytes) {
    VecF32 code[kC];
    for (int j = 0; j < kC; ++j) code[j] = load_codes<kBits>(d, row, c + std::size_t(j) * lanes);
    for (int a = 0; a < kQ; ++a) {
      const VecF32 weight = hn::Set(d, w[a * stride + t]);
      for (int j = 0; j < kC; ++j) sum[a][j] = hn::MulAdd(weight, code[j], sum[a][j]);
    }
  }
  for (int a = 0; a < kQ; ++a) {
    for (int j = 0; j < kC; ++j) hn::StoreU(sum[a][j], d, out + std::size_t(a) * padded + c + std::size_t(j) * lanes);
  }
}

template <int kBits, int kQ>
void code_sum_columns(const float* w, std::int64_t stride, const CodeRows& v, std::int64_t n, Channels channels,
                      float* out) {
  const auto [first, last] = channels;
  constexpr std::size_t kRun = 128 / kBits;
  const std::size_t lanes = hn::Lanes(F32());
  const std::size_t full = std::size_t(v.width) / kRun * kRun, end = std::min(std::size_t(last), full);
  std::size_t c = std::size_t(first);
  for (; c + 4 * lanes <= end; c += 4 * lanes) code_sum_tile<kBits, kQ, 4>(w, stride, v, n, c, out);
  for (; c < end; c += lanes) code_sum_tile<kBits, kQ, 1>(w, stride, v, n, c, out);
  if (c >= std::size_t(last)) return;
  alignas(64) float rest[kRun];
  const std::int64_t padded = padded_width(v.width);
  for (std::int64_t t = 0; t < n; ++t) {
    load_rest<kBits>(v.first + std::size_t(t) * v.row_bytes, v.width, rest);
    for (int a = 0; a < kQ; ++a) {
      for (std::size_t i = c; i < std::size_t(last); ++i) {
        float& x = out[a * padded + std::int64_t(i)];
        x += w[a * stride + t] * rest[i - full];
      }
    }
  }
}

template <int kBits>
void code_accumulate_of(WeightRows weights, const CodeRows& v, std::int64_t n, Channels channels, float* out) {
  const auto [w, m, stride] = weights;
  const std::int64_t padded = padded_width(v.width);
  int i = 0;
  for (; i + 2 <= m; i += 2) {
    code_sum_columns<kBits, 2>(w + i * stride, stride, v, n, channels, out + i * padded);
  }
  for (; i < m; ++i) code_sum_columns<kBits, 1>(w + i * stride, stride, v, n, channels, out + i * padded);
}

void code_scores_kernel(Queries q, const float* bias, const CodeRows& k, std::int64_t n, ScoreRows s) {
  if (k.bits == 8) return code_scores_of<8>(q, bias, k, n, s);
  if (k.bits == 4) return code_scores_of<4>(q, bias, k, n, s);
  code_scores_of<2>(q, bias, k, n, s);
}

void code_accumulate_kernel(WeightRows w, const CodeRows& v, std::int64_t n, Channels channels, float* out) {
  if (v.bits == 8) return code_accumulate_of<8>(w, v, n, channels, out);
  if (v.bits == 4) return code_accumulate_of<4>(w, v, n, channels, out);
  code_accumulate_of<2>(w, v, n, channels, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace kvproof
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvproof {

HWY_EXPORT(code_scores_kernel);
HWY_EXPORT(code_accumulate_kernel);

void code_scores(Queries q, const float* bias, const CodeRows& keys, std::int64_t n, ScoreRows s) {
  HWY_DYNAMIC_DISPATCH(code_scores_kernel)(q, bias, keys, n, s);
}

void code_accumulate(WeightRows w, const CodeRows& values, std::int64_t n, Channels channels, float* out) {
  KVPROOF_DCHECK(channels.first % kPad == 0);
  HWY_DYNAMIC_DISPATCH(code_accumulate_kernel)(w, values, n, channels, out);
}

}  // namespace kvproof
#endif  // HWY_ONCE
