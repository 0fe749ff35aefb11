#include "engine/codec/kivi_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "engine/base/check.h"
#include "engine/codec/kernels.h"
#include "engine/codec/simd.h"

namespace kvproof {
namespace {

std::string_view name_for(int bits) { return bits == 8 ? "kivi8" : bits == 4 ? "kivi4" : "kivi2"; }

float float_at(const std::byte* data, std::int64_t i) {
  float value;
  std::memcpy(&value, data + 4 * i, 4);
  return value;
}

// Scratch of this thread that keeps its memory from call to call. `slot` tells apart those in use at one time.
template <class T>
std::vector<T>& scratch(std::size_t slot, std::size_t size) {
  thread_local std::array<std::vector<T>, 3> all;
  if (all[slot].size() < size) all[slot].resize(size);
  return all[slot];
}

void pack_row(const std::uint16_t* codes, int width, int bits, std::byte* to) {
  std::vector<std::uint8_t>& narrow = scratch<std::uint8_t>(0, std::size_t(width));
  for (int d = 0; d < width; ++d) narrow[std::size_t(d)] = std::uint8_t(codes[d]);
  pack_codes(narrow.data(), width, bits, to);
}

class KeyCodec final : public Codec {
 public:
  KeyCodec(int width, int bits, int group)
      : Codec(name_for(bits), width, group, std::size_t(width) * 8 + std::size_t(group) * packed_bytes(width, bits),
              std::size_t(width) * 8),
        bits_(bits) {}

  void encode(const float* rows, std::int64_t blocks, std::byte* to) const override {
    if (width() == 0) return;  // rows of no bytes, whose store has no address
    const std::int64_t w = width();
    std::vector<float>& head = scratch<float>(0, std::size_t(2 * w));
    std::vector<std::uint16_t>& codes = scratch<std::uint16_t>(0, std::size_t(block() * w));
    for (std::int64_t b = 0; b < blocks; ++b, to += block_bytes(), rows += block() * w) {
      for (std::int64_t d = 0; d < w; ++d) {
        const Affine affine = quantize_group(rows + d, block(), w, bits_, &codes[std::size_t(d)]);
        head[std::size_t(d)] = affine.scale;
        head[std::size_t(w + d)] = affine.low;
      }
      std::memcpy(to, head.data(), std::size_t(8 * w));
      for (int t = 0; t < block(); ++t) {
        pack_row(&codes[std::size_t(t * w)], width(), bits_, to + 8 * w + std::size_t(t) * row_bytes());
      }
    }
  }

  void decode(const std::byte* from, std::int64_t row, std::int64_t n, float* rows) const override {
    for (std::int64_t t = row; t < row + n; ++t, rows += width()) {
      const std::byte* b = from + std::size_t(t / block()) * block_bytes();
      unpack_codes(codes_at(b, t % block()), width(), bits_, rows);
      for (int d = 0; d < width(); ++d) rows[d] = Affine{float_at(b, d), float_at(b, width() + d)}.value(rows[d]);
    }
  }

  // Per block, q . (code * scale + low) = (q * scale) . code + q . low.
  void scores(Queries q, const std::byte* keys, std::int64_t row, std::int64_t n, ScoreRows s) const override {
    const std::int64_t padded = padded_width(width());
    float* folded = scratch<float>(0, std::size_t(q.m * padded)).data();
    float* bias = scratch<float>(1, std::size_t(q.m)).data();
    for (std::int64_t t = row; t < row + n;) {
      const std::byte* b = keys + std::size_t(t / block()) * block_bytes();
      const std::int64_t end = std::min(row + n, (t / block() + 1) * block());
      for (std::int64_t i = 0; i < q.m; ++i) bias[i] = fold(q.q + i * padded, b, folded + i * padded);
      code_scores({folded, q.m}, bias, {bits_, width(), row_bytes(), codes_at(b, t % block())}, end - t,
                  {s.s + (t - row), s.stride});
      t = end;
    }
  }

  void accumulate(WeightRows, const std::byte*, std::int64_t, std::int64_t, float*) const override {
    KVPROOF_CHECK(!"a key codec codes keys");
  }

 private:
  std::size_t row_bytes() const { return packed_bytes(width(), bits_); }
  const std::byte* codes_at(const std::byte* block, std::int64_t t) const {
    return block + 8 * std::size_t(width()) + std::size_t(t) * row_bytes();
  }
  float fold(const float* q, const std::byte* block, float* folded) const {
    const int w = width();
    float bias = 0;
    for (int d = 0; d < w; ++d) {
      folded[d] = q[d] * float_at(block, d);
      bias += q[d] * float_at(block, w + d);
    }
    std::fill(folded + w, folded + padded_width(w), 0.f);
    return bias;
  }
  int bits_;
};

class ValueCodec final : public Codec {
 public:
  ValueCodec(int width, int bits, int group)
      : Codec(name_for(bits), width, 1, head_bytes(width, group) + packed_bytes(width, bits), head_bytes(width, group)),
        bits_(bits),
        group_(std::max(1, std::min(group, width))),
        groups_((width + group_ - 1) / group_) {}

  void encode(const float* rows, std::int64_t blocks, std::byte* to) const override {
    if (width() == 0) return;  // rows of no bytes, whose store has no address
    std::vector<float>& head = scratch<float>(0, std::size_t(2 * groups_));
    std::vector<std::uint16_t>& codes = scratch<std::uint16_t>(0, std::size_t(width()));
    for (std::int64_t t = 0; t < blocks; ++t, to += block_bytes(), rows += width()) {
      for (int g = 0; g < groups_; ++g) {
        const int first = g * group_;
        const int n = std::min(group_, width() - first);
        const Affine affine = quantize_group(rows + first, n, 1, bits_, &codes[std::size_t(first)]);
        head[std::size_t(g)] = affine.scale;
        head[std::size_t(groups_ + g)] = affine.low;
      }
      std::memcpy(to, head.data(), metadata_bytes());
      pack_row(codes.data(), width(), bits_, to + metadata_bytes());
    }
  }

  void decode(const std::byte* from, std::int64_t row, std::int64_t n, float* rows) const override {
    for (std::int64_t t = row; t < row + n; ++t, rows += width()) {
      const std::byte* b = from + std::size_t(t) * block_bytes();
      unpack_codes(b + metadata_bytes(), width(), bits_, rows);
      for (int d = 0; d < width(); ++d) {
        rows[d] = Affine{float_at(b, d / group_), float_at(b, groups_ + d / group_)}.value(rows[d]);
      }
    }
  }

  void scores(Queries, const std::byte*, std::int64_t, std::int64_t, ScoreRows) const override {
    KVPROOF_CHECK(!"a value codec codes values");
  }

  // Per group, sum of w * (code * scale + low) = sum of (w * scale) * code + sum of w * low.
  void accumulate(WeightRows weights, const std::byte* values, std::int64_t row, std::int64_t n,
                  float* out) const override {
    const std::byte* first = values + std::size_t(row) * block_bytes();
    if (group_ % kPad && groups_ > 1) return accumulate_decoded(weights, first, n, out);
    const auto [w, m, stride] = weights;
    const std::int64_t padded = padded_width(width());
    float* folded = scratch<float>(0, std::size_t(m * n)).data();
    for (int g = 0; g < groups_; ++g) {
      const int begin = g * group_, end = std::min(begin + group_, width());
      for (std::int64_t i = 0; i < m; ++i) {
        float bias = 0;
        const std::byte* b = first;
        for (std::int64_t t = 0; t < n; ++t, b += block_bytes()) {
          folded[i * n + t] = w[i * stride + t] * float_at(b, g);
          bias += w[i * stride + t] * float_at(b, groups_ + g);
        }
        for (int d = begin; d < end; ++d) out[i * padded + d] += bias;
      }
      code_accumulate({folded, m, n}, {bits_, width(), block_bytes(), first + metadata_bytes()}, n, {begin, end}, out);
    }
  }

 private:
  static std::size_t head_bytes(int width, int group) {
    const int each = std::max(1, std::min(group, width));
    return std::size_t((width + each - 1) / each) * 8;
  }
  // For groups that no vector fits: row by row, each decoded into scratch.
  void accumulate_decoded(WeightRows w, const std::byte* first, std::int64_t n, float* out) const {
    float* row = scratch<float>(1, std::size_t(padded_width(width())) + kPad).data();
    for (std::int64_t t = 0; t < n; ++t) {
      decode(first, t, 1, row);
      dense_accumulate({w.w + t, w.m, w.stride}, {DType::kF32, width(), 0, reinterpret_cast<const std::byte*>(row)}, 1,
                       out);
    }
  }
  int bits_, group_, groups_;
};

}  // namespace

CodecPtr make_kivi_key_codec(int width, int bits, int group) {
  KVPROOF_CHECK((bits == 8 || bits == 4 || bits == 2) && group >= 1);
  isa_name();
  return std::make_shared<KeyCodec>(width, bits, group);
}

CodecPtr make_kivi_value_codec(int width, int bits, int group) {
  KVPROOF_CHECK((bits == 8 || bits == 4 || bits == 2) && group >= 1);
  isa_name();
  return std::make_shared<ValueCodec>(width, bits, group);
}

}  // namespace kvproof
