// Rows of one stream in 4 or 8 bits behind a few rows in full precision: the storage of QuantizedDynKvCache.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/ops/kv_cache_ops.h"

namespace kvproof {

// How rows are coded: `block` rows together, with a minimum and a step for each row (kPerToken, block = 1) or for each
// channel of the block (kPerChannel). A code is round((x - minimum) / step), half away from zero; the step is
// (maximum - minimum) / (2^bits - 1), or 1 where all elements are equal.
struct Packing {
  int bits = 8;
  QuantizedDynKvCache::Scales scales = QuantizedDynKvCache::Scales::kPerToken;

  bool per_channel() const { return scales == QuantizedDynKvCache::Scales::kPerChannel; }
  std::int64_t block() const { return per_channel() ? QuantizedDynKvCache::kBlock : 1; }
  std::int64_t scales_per_block(std::int64_t width) const {
    return per_channel() ? width : std::min(width, std::int64_t(1));
  }
  // A row of codes: 8 bits one a byte; 4 bits the even channel in the low nibble, the odd one in the high nibble.
  std::int64_t row_bytes(std::int64_t width) const { return (width * bits + 7) / 8; }
};

class PackedRows {
 public:
  PackedRows(Packing packing, std::int64_t width) : packing_(packing), width_(width) {}

  std::int64_t tokens() const { return tokens_; }
  // Behind the rows that are there, [n,width]. REQUIRES: finite, magnitudes at most half the largest f32.
  void append(const float* rows, std::int64_t n);
  // All rows as they are read back, [tokens(),width].
  void decode(float* to) const;

  // The rows as they are now, to go back to. Only rows that wait for their block are copied.
  struct Mark {
    std::int64_t tokens = 0;
    std::vector<float> waiting;
  };
  Mark mark() const { return {tokens_, waiting_}; }
  void rewind(Mark&& mark) noexcept;  // REQUIRES: of these rows, which have only been appended to since

  // Bytes that save() writes for so many tokens, or false if that overflows.
  [[nodiscard]] static bool saved_bytes(Packing packing, std::int64_t width, std::int64_t tokens, std::size_t& bytes);
  void save(SnapshotWriter& writer) const;
  // REQUIRES: no rows yet; saved_bytes() are there. False if what is read cannot be.
  [[nodiscard]] bool load(SnapshotReader& reader, std::int64_t tokens);

 private:
  struct Scale {
    float minimum, step;
  };
  // How `tokens` tokens are stored.
  struct Sizes {
    std::int64_t sinks, blocks, waiting;
  };
  static Sizes sizes(Packing packing, std::int64_t tokens);
  void encode_block(const float* rows);

  Packing packing_;
  std::int64_t width_;
  std::int64_t tokens_ = 0;
  std::vector<float> sinks_;         // [at most kSinks,width]
  std::vector<std::uint8_t> codes_;  // [blocks*block,row_bytes]
  std::vector<Scale> scales_;        // [blocks,scales_per_block]
  std::vector<float> waiting_;       // [less than block,width]
};

}  // namespace kvproof
