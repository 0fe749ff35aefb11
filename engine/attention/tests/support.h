// One stream of random rows, and the two ways to attend it: the kernel, and the float64 oracle.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "engine/attention/flash.h"
#include "engine/attention/reference.h"
#include "engine/codec/row_codecs.h"
#include "engine/codec/tests/support.h"
#include "engine/tensor/half.h"

namespace kvproof {

// A mask [1,heads,tokens,columns] of which about a third is hidden; f32 adds up to 2 elsewhere.
inline Tensor random_mask(DType dtype, int heads, std::int64_t tokens, std::int64_t columns) {
  Tensor mask(dtype, {1, heads, tokens, columns});
  Random random(17);
  for (std::int64_t i = 0; i < mask.shape().elements(); ++i) {
    const bool hidden = random.integer(0, 2) == 0;
    if (dtype == DType::kBool) {
      mask.as<bool>()[i] = !hidden;
    } else {
      mask.as<float>()[i] = hidden ? -std::numeric_limits<float>::infinity() : float(4 * random.uniform() - 2);
    }
  }
  return mask;
}

// What is asked of a stream: queries of `tokens` positions from `first` on.
struct Asked {
  Position first = 0;
  std::int64_t tokens = 1;
  VisibleRule rule = {};
  bool causal = true;
  float scale = 0.2f, softcap = 0;
  const Mask* mask = nullptr;
  DType dtype = DType::kF32;
  int head = 0;  // of the first row, among the heads of the mask
  std::int64_t weighed = std::numeric_limits<std::int64_t>::max();
};

// f32 rows at positions 0 .. rows - 1, or at those given; NaN behind the last.
class StreamCase {
 public:
  StreamCase(std::int64_t rows, int group, int d, int dv, std::uint64_t seed)
      : group_(group),
        d_(d),
        dv_(dv),
        rows_(rows),
        key_codec_(make_row_codec(DType::kF32, d)),
        value_codec_(make_row_codec(DType::kF32, dv)),
        keys_(stored(normals(rows * d, seed))),
        values_(stored(normals(rows * dv, seed + 1))),
        queries_(normals(rows * group * d, seed + 2)) {}

  float* key(std::int64_t row) { return reinterpret_cast<float*>(keys_.data()) + row * d_; }
  float* value(std::int64_t row) { return reinterpret_cast<float*>(values_.data()) + row * dv_; }
  void stand_at(std::vector<Position> positions) { positions_ = std::move(positions); }
  std::int64_t rows() const { return rows_; }
  int group() const { return group_; }
  int dv() const { return dv_; }

  Segment segment(std::int64_t begin, std::int64_t end) const {
    return {{key_codec_.get(), keys_.data(), begin},
            {value_codec_.get(), values_.data(), begin},
            end - begin,
            begin,
            positions_.empty() ? nullptr : positions_.data() + begin};
  }
  // All rows, in segments that begin at 0 and at `cuts`.
  Segments segments(const std::vector<std::int64_t>& cuts = {}) const {
    Segments all;
    std::int64_t begin = 0;
    for (const std::int64_t cut : cuts) all.push_back(segment(std::exchange(begin, cut), cut));
    all.push_back(segment(begin, rows_));
    return all;
  }

  // The outputs [group,tokens,dv] of the kernel over `segments`; and what each row receives, if there is room for it.
  std::vector<float> attend(const Asked& asked, const Segments& segments, float* weights = nullptr) const {
    const std::int64_t n = group_ * asked.tokens;
    const std::vector<float> q = query_rows(asked);
    std::vector<std::byte> in(q.size() * size_of(asked.dtype)), out(std::size_t(n * dv_) * size_of(asked.dtype));
    from_f32(asked.dtype, q.data(), std::int64_t(q.size()), in.data());
    const AttentionJob job{.segments = segments,
                           .rule = asked.rule,
                           .causal = asked.causal,
                           .first = asked.first,
                           .tokens = asked.tokens,
                           .group = group_,
                           .d = d_,
                           .dv = dv_,
                           .dtype = asked.dtype,
                           .q = in.data(),
                           .out = out.data(),
                           .scale = asked.scale,
                           .softcap = asked.softcap,
                           .mask = asked.mask,
                           .head = asked.head,
                           .weights = weights,
                           .weighed = asked.weighed};
    flash_attention({&job, 1});
    std::vector<float> wide(std::size_t(n * dv_));
    to_f32(asked.dtype, out.data(), n * dv_, wide.data());
    return wide;
  }
  std::vector<float> attend(const Asked& asked) const { return attend(asked, segments()); }

  // What each of all rows receives; `out`, if given, takes the outputs.
  std::vector<float> weigh(const Asked& asked, const Segments& segments, std::vector<float>* out = nullptr) const {
    std::vector<float> weights(std::size_t(rows_), std::nanf(""));
    std::vector<float> outputs = attend(asked, segments, weights.data());
    if (out) *out = std::move(outputs);
    return weights;
  }
  std::vector<float> weigh(const Asked& asked) const { return weigh(asked, segments()); }

  // Compares every output with the oracle over the rows that the query sees.
  void expect_right(const Asked& asked, const std::vector<float>& out) const {
    const std::vector<float> q = query_rows(asked);
    for (std::int64_t row = 0; row < group_ * asked.tokens; ++row) {
      const ReferenceResult expected = oracle(asked, q, row);
      for (int c = 0; c < dv_; ++c) {
        const double right = expected.out[std::size_t(c)];
        ASSERT_NEAR(out[std::size_t(row * dv_ + c)], right, expected.tolerance + rounding(asked.dtype, right))
            << "head " << row / asked.tokens << " token " << row % asked.tokens << " column " << c;
      }
    }
  }
  void expect_right(const Asked& asked) const { expect_right(asked, attend(asked)); }

  // Compares what each row receives with the sum of the oracle's weights.
  void expect_right_weights(const Asked& asked) const {
    const std::vector<float> q = query_rows(asked), got = weigh(asked);
    std::vector<double> right(std::size_t(rows_), 0.0), allowed(std::size_t(rows_), 0.0);
    double terms = 0;
    for (std::int64_t row = 0; row < group_ * asked.tokens; ++row) {
      if (row % asked.tokens < asked.tokens - asked.weighed) continue;
      std::vector<std::int64_t> seen;
      const ReferenceResult expected = oracle(asked, q, row, &seen);
      for (std::size_t i = 0; i < seen.size(); ++i) {
        right[std::size_t(seen[i])] += expected.weights[i];
        allowed[std::size_t(seen[i])] += expected.weights[i] * expected.weight_error + 0x1p-148;
      }
      ++terms;
    }
    for (std::size_t j = 0; j < right.size(); ++j) {  // a sum is rounded once a term
      ASSERT_NEAR(got[j], right[j], allowed[j] + terms * kUnit * right[j]) << "row " << j;
    }
  }

 private:
  static Buffer stored(const std::vector<float>& rows) {
    Buffer buffer = nan_buffer(rows.size() * sizeof(float));
    std::memcpy(buffer.data(), rows.data(), buffer.size());
    return buffer;
  }
  // Half a unit in the last place of x, or of the smallest numbers.
  static double rounding(DType dtype, double x) {
    if (dtype == DType::kF32) return 0;
    return dtype == DType::kF16 ? std::abs(x) * 0x1p-11 + 0x1p-25 : std::abs(x) * 0x1p-8;
  }
  // [group,tokens,d], already rounded to the dtype; a position always asks the same.
  std::vector<float> query_rows(const Asked& asked) const {
    std::vector<float> q;
    for (int h = 0; h < group_; ++h) {
      const auto from = queries_.begin() + (h * rows_ + asked.first % rows_) * d_;
      q.insert(q.end(), from, from + asked.tokens * d_);
    }
    std::vector<std::byte> narrow(q.size() * size_of(asked.dtype));
    from_f32(asked.dtype, q.data(), std::int64_t(q.size()), narrow.data());
    to_f32(asked.dtype, narrow.data(), std::int64_t(q.size()), q.data());
    return q;
  }
  // Of one query row; `seen`, if given, takes the indices of the rows that it sees.
  ReferenceResult oracle(const Asked& asked, const std::vector<float>& q, std::int64_t row,
                         std::vector<std::int64_t>* seen = nullptr) const {
    const Position query = asked.first + row % asked.tokens;
    ReferenceQuery one{.q = std::span(q).subspan(std::size_t(row * d_), std::size_t(d_)),
                       .scale = double(asked.scale),
                       .softcap = double(asked.softcap)};
    const float* keys = reinterpret_cast<const float*>(keys_.data());
    const float* values = reinterpret_cast<const float*>(values_.data());
    for (std::int64_t j = 0; j < rows_; ++j) {
      const Position p = positions_.empty() ? j : positions_[std::size_t(j)];
      if (asked.causal && !asked.rule.sees(query, p)) continue;
      std::optional<double> bias = 0.0;
      if (asked.mask) bias = mask_at(asked, asked.head + row / asked.tokens, row % asked.tokens, p);
      if (!bias) continue;
      if (seen) seen->push_back(j);
      one.k.push_back({keys + j * d_, std::size_t(d_)});
      one.v.push_back({values + j * dv_, std::size_t(dv_)});
      one.bias.push_back(*bias);
    }
    return reference_attention(one, dv_);
  }
  // What the mask adds, or nothing where it hides.
  static std::optional<double> mask_at(const Asked& asked, std::int64_t head, std::int64_t token, Position p) {
    const TensorView& m = asked.mask->values;
    const std::int64_t h = m.shape[1] == 1 ? 0 : head, t = m.shape[2] == 1 ? 0 : token;
    const std::int64_t at = (h * m.shape[2] + t) * m.shape[3] + p;
    if (m.dtype == DType::kBool) return m.as<bool>()[at] ? std::optional(0.0) : std::nullopt;
    const double bias = m.as<float>()[at];
    return std::isinf(bias) ? std::nullopt : std::optional(bias);
  }

  int group_, d_, dv_;
  std::int64_t rows_;
  CodecPtr key_codec_, value_codec_;
  Buffer keys_, values_;
  std::vector<float> queries_;  // [group,rows,d]
  std::vector<Position> positions_;
};

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && same_bits(a.data(), b.data(), std::int64_t(a.size()));
}

}  // namespace kvproof
