// What mutants of quantization derive from: kivi in plain loops, right as it stands. A mutant overrides how a group
// becomes codes, which rows leave full precision, or how they are listed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "engine/cache/segmented_cache.h"
#include "engine/codec/kernels.h"
#include "engine/codec/row_codecs.h"
#include "engine/tensor/half.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {

enum class Side { kKeys, kValues };

// A group is `tokens` x `channels` neighbouring elements that share a scale and a minimum.
struct Grid {
  int width, bits, tokens, channels;

  int groups() const { return (width + channels - 1) / channels; }
};

// A block is grid.tokens rows: [Affine of each group][packed codes of each row], as many bytes as kivi's codecs take.
// Attention reads what decode gives.
class GroupCodec final : public Codec {
 public:
  explicit GroupCodec(const Grid& grid)
      : Codec("groups", grid.width, grid.tokens,
              head_bytes(grid) + std::size_t(grid.tokens) * packed_bytes(grid.width, grid.bits), head_bytes(grid)),
        grid_(grid) {}

  const Grid& grid() const { return grid_; }

  // Element [token,channel] is one of group channel / grid.channels; x lists a group's elements token by token.
  // quantize(group, x, codes) writes one code for each and says what they mean.
  template <class Quantize>
  void encode_block(const float* rows, std::byte* to, const Quantize& quantize) const {
    std::vector<std::uint8_t> packed(std::size_t(grid_.tokens * grid_.width));
    for (int group = 0; group < grid_.groups(); ++group) {
      const std::vector<float> x = elements(rows, group);
      std::vector<std::uint16_t> codes(x.size());
      const Affine affine = quantize(group, std::span(x), codes.data());
      std::memcpy(to + std::size_t(group) * sizeof affine, &affine, sizeof affine);
      std::size_t i = 0;
      for_each_element(group, [&](std::size_t at) { packed[at] = std::uint8_t(codes[i++]); });
    }
    for (int t = 0; t < grid_.tokens; ++t) {
      pack_codes(packed.data() + t * grid_.width, grid_.width, grid_.bits, to + row_at(t));
    }
  }
  std::vector<float> elements(const float* rows, int group) const {
    std::vector<float> x;
    for_each_element(group, [&](std::size_t at) { x.push_back(rows[at]); });
    return x;
  }
  Affine affine(const std::byte* block, int group) const {
    Affine result;
    std::memcpy(&result, block + std::size_t(group) * sizeof result, sizeof result);
    return result;
  }

  void encode(const float*, std::int64_t, std::byte*) const override {
    KVPROOF_CHECK(!"a cache says how its groups are coded");
  }
  void decode(const std::byte* from, std::int64_t row, std::int64_t n, float* rows) const override {
    for (std::int64_t t = row; t < row + n; ++t, rows += width()) {
      const std::byte* at = from + std::size_t(t / block()) * block_bytes();
      unpack_codes(at + row_at(int(t % block())), width(), grid_.bits, rows);
      for (int d = 0; d < width(); ++d) rows[d] = affine(at, d / grid_.channels).value(rows[d]);
    }
  }
  void scores(Queries q, const std::byte* keys, std::int64_t row, std::int64_t n, ScoreRows s) const override {
    const std::vector<float> rows = decoded(keys, row, n);
    dense_scores(q, dense(rows), n, s);
  }
  void accumulate(WeightRows w, const std::byte* values, std::int64_t row, std::int64_t n, float* out) const override {
    const std::vector<float> rows = decoded(values, row, n);
    dense_accumulate(w, dense(rows), n, out);
  }

 private:
  static std::size_t head_bytes(const Grid& grid) { return std::size_t(grid.groups()) * sizeof(Affine); }
  std::size_t row_at(int t) const { return metadata_bytes() + std::size_t(t) * packed_bytes(width(), grid_.bits); }

  template <class F>
  void for_each_element(int group, F f) const {
    const int first = group * grid_.channels, last = std::min(first + grid_.channels, grid_.width);
    for (int t = 0; t < grid_.tokens; ++t) {
      for (int d = first; d < last; ++d) f(std::size_t(t * grid_.width + d));
    }
  }
  std::vector<float> decoded(const std::byte* from, std::int64_t row, std::int64_t n) const {
    std::vector<float> rows(std::size_t(n * width() + kPad));  // kernels may read behind the last row
    decode(from, row, n, rows.data());
    return rows;
  }
  DenseRows dense(const std::vector<float>& rows) const {
    return {DType::kF32, width(), std::size_t(width()) * 4, reinterpret_cast<const std::byte*>(rows.data())};
  }

  Grid grid_;
};

inline int bits_of(const Params& params) { return std::stoi(std::string(params.choice("bits"))); }
inline Grid per_channel(const Config& c) { return {c.geometry.d, bits_of(c.params), int(c.params["group"]), 1}; }
inline Grid per_token(const Config& c, int width) {
  return {width, bits_of(c.params), 1, std::max(1, std::min(int(c.params["group"]), width))};
}

// x coded under the range of x and of `others` together.
inline Affine quantize_among(std::span<const float> x, std::span<const float> others, int bits, std::uint16_t* codes) {
  std::vector<float> all(x.begin(), x.end());
  all.insert(all.end(), others.begin(), others.end());
  std::vector<std::uint16_t> all_codes(all.size());
  const Affine affine = quantize_group(all.data(), std::int64_t(all.size()), 1, bits, all_codes.data());
  std::copy_n(all_codes.begin(), x.size(), codes);
  return affine;
}

// x coded under a given scale and minimum; what is out of range gets the nearest code.
inline void code_under(const Affine& affine, std::span<const float> x, int bits, std::uint16_t* codes) {
  const double top = (1 << bits) - 1;
  for (const float value : x) {
    const double code = affine.scale > 0 ? (double(value) - double(affine.low)) / double(affine.scale) : 0;
    *codes++ = std::uint16_t(std::clamp(std::nearbyint(code), 0., top));
  }
}

template <class D>
class CodedCache : public StrategyCache<D> {
 public:
  explicit CodedCache(const Config& c) : CodedCache(c, per_channel(c), per_token(c, c.geometry.dv)) {}
  CodedCache(const Config& c, const Grid& keys, const Grid& values)
      : StrategyCache<D>(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                         make_row_codec(row_dtype(c.params), c.geometry.dv)),
        residual_(c.params["residual"]),
        keys_(std::make_shared<GroupCodec>(keys), this->streams(), Capacity::kLadder),
        values_(std::make_shared<GroupCodec>(values), this->streams(), Capacity::kLadder),
        late_(this->key_codec(), this->value_codec(), this->streams(), Capacity::kFixed, residual_) {}

  void fit(Position n) {
    keys_.resize(coded(n) / keys_.codec().block());
    values_.resize(coded(n) / values_.codec().block());
    late_.resize(n - coded(n));
  }

  void commit(const Chunk& chunk) override {
    keys_.resize(coded(chunk.end()) / keys_.codec().block());
    values_.resize(coded(chunk.end()) / values_.codec().block());
    for (Position p = chunk.first, end; p < chunk.end(); p = end) {
      const Position block = coded(p);
      end = std::min(chunk.end(), block + residual_);
      late_.resize(end - block);
      late_.put(chunk, p, p - block, end - p);
      if (end == block + residual_) flush(block);
    }
    late_.resize(chunk.end() - coded(chunk.end()));
  }

  void segments(Stream s, Segments& out) const override {
    const Position edge = coded(this->seen());
    if (edge > 0) out.push_back({keys_.rows(s, 0), values_.rows(s, 0), edge, 0, nullptr});
    if (edge < this->seen()) out.push_back(late_.segment(s, 0, this->seen() - edge, edge));
  }

  template <class A>
  void each(A& archive) {
    keys_.each(archive);
    values_.each(archive);
    late_.each(archive);
  }

 protected:
  struct Group {
    Side side;
    Stream stream;
    Position first;  // of the block's rows
    int index;
    std::span<const float> block;  // its rows, each as wide as a row of this side
  };

  // Writes a code for every element of x and says what codes mean.
  virtual Affine quantize(const Group&, std::span<const float> x, std::uint16_t* codes) {
    return quantize_group(x.data(), std::int64_t(x.size()), 1, bits(), codes);
  }
  // The `residual` rows of a stream that leave full precision.
  virtual std::vector<float> leaving(Side side, Stream s) const {
    const Rows rows = side == Side::kKeys ? late_.keys.rows(s, 0) : late_.values.rows(s, 0);
    std::vector<float> wide(std::size_t(residual_ * rows.codec->width()));
    rows.codec->decode(rows.data, rows.row, residual_, wide.data());
    return wide;
  }
  // Codes the rows from position `first` on, of every stream.
  virtual void flush(Position first) {
    for (int s = 0; s < this->streams(); ++s) {
      code(Side::kKeys, {s}, first);
      code(Side::kValues, {s}, first);
    }
    this->account()->flushed(1);
  }

  int bits() const { return codec(Side::kKeys).grid().bits; }
  Position coded(Position n) const { return n - n % residual_; }
  RowStore& store(Side side) { return side == Side::kKeys ? keys_ : values_; }
  const GroupCodec& codec(Side side) const {
    return static_cast<const GroupCodec&>((side == Side::kKeys ? keys_ : values_).codec());
  }

  std::int64_t residual_;
  RowStore keys_, values_;
  RowPair late_;

 private:
  void code(Side side, Stream s, Position first) {
    const GroupCodec& coder = codec(side);
    const std::vector<float> rows = leaving(side, s);
    const std::size_t elements = std::size_t(coder.block()) * std::size_t(coder.width());
    for (Position t = 0; t < residual_; t += coder.block()) {
      const auto block = std::span(rows).subspan(std::size_t(t * coder.width()), elements);
      coder.encode_block(block.data(), store(side).block(s, (first + t) / coder.block()),
                         [&](int group, std::span<const float> x, std::uint16_t* codes) {
                           return quantize({side, s, first + t, group, block}, x, codes);
                         });
    }
  }
};

// Nothing is promised of how close rows come back, nor of how stores grow.
inline Contract unfaithful_contract(const Params& params) {
  Contract contract = promised_but_growth<kKivi>(params);
  contract.fidelity.kind = Fidelity::Kind::kNone;
  return contract;
}

}  // namespace kvproof::mutants
