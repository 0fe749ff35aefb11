// How rows of K or V become bytes, and how attention reads those bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace kvproof {

// Rows of floats that kernels share stand padded_width(width) floats apart; the pad is zero.
inline constexpr int kPad = 16;
inline constexpr std::int64_t padded_width(std::int64_t width) { return (width + kPad - 1) / kPad * kPad; }

// m queries [m,padded_width].
struct Queries {
  const float* q;
  int m;
};
// Where their scores go: s[i*stride + t] for query i and row t.
struct ScoreRows {
  float* s;
  std::int64_t stride;
};
// The weights of m outputs: w[i*stride + t] for output i and row t.
struct WeightRows {
  const float* w;
  int m;
  std::int64_t stride;
};

// Bound to one row width; immutable and shared, because a fork must not point into the cache that it came from.
// An encoded array is a sequence of blocks of block() rows. Rows are addressed by index, because a block cannot be
// entered by a byte pointer. Kernels may read up to 64 bytes behind the last row (Buffer leaves that room), and use
// none of them.
class Codec {
 public:
  virtual ~Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;

  std::string_view name() const { return name_; }
  int width() const { return width_; }  // elements per row
  int block() const { return block_; }  // rows encoded together; 1 for a row codec
  std::size_t block_bytes() const { return block_bytes_; }
  std::size_t metadata_bytes() const { return metadata_bytes_; }  // of those, scales and minima

  // rows [blocks*block(),width] f32 -> `blocks` blocks. Rounds as the strategy's contract says.
  virtual void encode(const float* rows, std::int64_t blocks, std::byte* to) const = 0;
  // Rows [row, row + n) of the encoded array `from` -> [n,width] f32.
  virtual void decode(const std::byte* from, std::int64_t row, std::int64_t n, float* rows) const = 0;

  // s[i,t] = q[i,:] . key[row+t,:]  for i < m, t < n.
  // A score depends on its own two rows only, and on neither m nor n nor the ISA's tiles.
  virtual void scores(Queries q, const std::byte* keys, std::int64_t row, std::int64_t n, ScoreRows s) const = 0;
  // out[i,:] += sum over t < n, ascending, of w[i,t] * value[row+t,:]   for i < m.   out [m,padded_width].
  virtual void accumulate(WeightRows w, const std::byte* values, std::int64_t row, std::int64_t n,
                          float* out) const = 0;

 protected:
  Codec(std::string_view name, int width, int block, std::size_t block_bytes, std::size_t metadata_bytes)
      : name_(name), width_(width), block_(block), block_bytes_(block_bytes), metadata_bytes_(metadata_bytes) {}

 private:
  std::string_view name_;  // a literal
  int width_, block_;
  std::size_t block_bytes_, metadata_bytes_;
};

using CodecPtr = std::shared_ptr<const Codec>;

}  // namespace kvproof
