// The dimensions of a tensor, row-major, at most eight of them.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "engine/base/check.h"

namespace kvproof {

class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;  // rank 0: a scalar, one element
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}
  // REQUIRES: at most kMaxRank dimensions, none negative, product below 2^62.
  explicit Shape(std::span<const std::int64_t> dims);

  int rank() const { return rank_; }
  // The i-th dimension; negative i counts from the back. REQUIRES: it exists.
  std::int64_t operator[](int i) const {
    KVPROOF_CHECK(i < rank_ && i >= -rank_);
    return dims_[std::size_t(i < 0 ? i + rank_ : i)];
  }
  std::int64_t elements() const { return elements_; }
  std::span<const std::int64_t> dims() const { return {dims_.data(), std::size_t(rank_)}; }
  std::string str() const;  // "[1,8,256,128]"

  // The number of elements, or false if a dimension is negative, there are too many, or the product overflows.
  [[nodiscard]] static bool count(std::span<const std::int64_t> dims, std::int64_t& elements);

  friend bool operator==(const Shape& a, const Shape& b) { return a.rank_ == b.rank_ && a.dims_ == b.dims_; }

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  int rank_ = 0;
  std::int64_t elements_ = 1;
};

}  // namespace kvproof
