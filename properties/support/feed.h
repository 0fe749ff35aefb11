// The rows that a case feeds its caches: the k-th token that is ever appended takes row k, whatever position it gets.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "engine/base/units.h"
#include "engine/tensor/tensor.h"
#include "properties/support/case.h"

namespace kvproof {

// One row of a feed: `head` is b * Hq + h of a query, the stream of a key or a value.
struct FeedRow {
  enum class Part { kQuery, kKey, kValue };
  Part part;
  int head;
  std::int64_t row;
};

class Feed {
 public:
  // Rows beyond those that the operations append: they go into objects that are about to be dropped or overwritten.
  static constexpr std::int64_t kDecoys = 8;

  // `rows` q, k and v rows of c.values, in c.dtype. Throws BadCase if c.values is unknown or too small for the
  // geometry.
  Feed(const Case& c, std::int64_t rows);
  explicit Feed(const Case& c) : Feed(c, c.tokens() + kDecoys) {}

  std::int64_t rows() const { return rows_; }
  float scale() const { return scale_; }  // the one that c names, else that of the data; never 0

  // Rows [first, first + n) as a step takes them: [B,H,n,D] in the case's dtype.
  Tensor queries(std::int64_t first, std::int64_t n) const { return cut(q_, first, n); }
  Tensor keys(std::int64_t first, std::int64_t n) const { return cut(k_, first, n); }
  Tensor values(std::int64_t first, std::int64_t n) const { return cut(v_, first, n); }

  // One row as numbers, after rounding to the case's dtype. `head` = b * Hq + h.
  std::span<const float> query(int head, std::int64_t row) const { return one(q_, head, row); }
  std::span<const float> key(Stream s, std::int64_t row) const { return one(k_, s.index, row); }
  std::span<const float> value(Stream s, std::int64_t row) const { return one(v_, s.index, row); }

  // The same rows of one sequence alone, as a batch of 1.
  Feed batch_row(int b) const;
  // The same rows after `change` saw each of them, rounded to the case's dtype again.
  Feed changed(const std::function<void(const FeedRow&, std::span<float>)>& change) const;

 private:
  Feed() = default;
  Tensor cut(const Tensor& from, std::int64_t first, std::int64_t n) const;
  std::span<const float> one(const Tensor& from, int head, std::int64_t row) const;

  Tensor q_, k_, v_;  // f32 [B,H,rows,D], each element representable in dtype_
  DType dtype_ = DType::kF32;
  std::int64_t rows_ = 0;
  float scale_ = 0;
};

using FeedPtr = std::shared_ptr<const Feed>;

}  // namespace kvproof
