// The vector kernels behind the codecs. Chosen at run time by Highway; see simd.h.
//
// Every sum is one chain in a fixed order, whatever the tile: element d of a dot product goes to lane d mod N of one
// accumulator, in order of d, and the lanes are folded by one fixed tree; an output element of `accumulate` takes its
// rows in order. So a score or an output has the same bits in decode and in prefill, alone or among others.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/codec/codec.h"
#include "engine/tensor/dtype.h"

namespace kvproof {

// Rows of `width` elements that stand `row_bytes` apart.
struct DenseRows {
  DType dtype;  // f32, f16, bf16
  int width;
  std::size_t row_bytes;
  const std::byte* first;
};

// Contracts as Codec::scores and Codec::accumulate.
void dense_scores(Queries q, const DenseRows& keys, std::int64_t n, ScoreRows s);
void dense_accumulate(WeightRows w, const DenseRows& values, std::int64_t n, float* out);

// Packed codes: in every full run of 128/bits channels, byte j of 16 holds the codes of channels j, j + 16, ...; the
// channels that are left pack the same way over as many bytes as they need.
struct CodeRows {
  int bits;  // 8, 4, 2
  int width;
  std::size_t row_bytes;   // distance of two rows
  const std::byte* first;  // the codes of the first row
};

inline constexpr std::size_t packed_bytes(int width, int bits) {
  return (std::size_t(width) * std::size_t(bits) + 7) / 8;
}
void pack_codes(const std::uint8_t* codes, int width, int bits, std::byte* to);
void unpack_codes(const std::byte* from, int width, int bits, float* codes);

// s[i,t] = q[i,:] . code[t,:] + bias[i].   bias [m].
void code_scores(Queries q, const float* bias, const CodeRows& keys, std::int64_t n, ScoreRows s);

struct Channels {
  int first, last;  // first <= c < last
};
// out[i,c] += sum over t, ascending, of w[i,t] * code[t,c]  for the channels c.   out [m,padded_width].
// REQUIRES: channels.first is a multiple of kPad.
void code_accumulate(WeightRows w, const CodeRows& values, std::int64_t n, Channels channels, float* out);

// How the codes of a group become values.
struct Affine {
  float scale, low;
  // In float64, where the product is exact and cannot overflow before the sum.
  float value(float code) const { return float(double(code) * double(scale) + double(low)); }
};
// One group: low = min, scale = (max - min) / (2^bits - 1), codes rounded half to even. x and codes [n] stand `step`
// apart. Constant groups get scale 0 and come back exact; no finite group gives NaN or infinity.
Affine quantize_group(const float* x, std::int64_t n, std::int64_t step, int bits, std::uint16_t* codes);

}  // namespace kvproof
