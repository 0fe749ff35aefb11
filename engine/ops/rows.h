// The rows of a tensor along some of its axes: what operators that sum walk over.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/parallel.h"
#include "engine/codec/codec.h"
#include "engine/graph/op.h"
#include "engine/tensor/half.h"

namespace kvproof {

// Throws Error(kMismatch) unless axes are below `rank`, ascending and each once.
void require_axes(const Op& op, std::span<const int> axes, int rank);
std::string axes_text(std::span<const int> axes);  // "axes = [1,2]"

// Row i holds the elements whose indices on all other axes are the i-th, in row-major order.
class Rows {
 public:
  // REQUIRES: require_axes(axes).
  Rows(const Shape& shape, std::span<const int> axes);

  std::int64_t count() const { return count_; }
  std::int64_t length() const { return std::int64_t(pieces_.size()) * piece_; }
  // Where a row begins, in elements.
  std::int64_t start(std::int64_t row) const;

  // body(i, place): element i of every row and those behind it, piece() of them, stand together `place` elements behind
  // the start of the row.
  template <class Body>
  void for_each_piece(const Body& body) const {
    if (piece_ == 0) return;  // there may be no memory
    for (std::size_t i = 0; i < pieces_.size(); ++i) body(std::int64_t(i) * piece_, pieces_[i]);
  }
  std::int64_t piece() const { return piece_; }

  // n elements of type `type` as T: float for the types of 16 bits, else what they are.
  template <class T>
  static void load(DType type, const std::byte* from, std::int64_t n, T* to) {
    if constexpr (std::is_same_v<T, float>) {
      to_f32(type, from, n, to);
    } else {
      std::copy_n(reinterpret_cast<const T*>(from), n, to);
    }
  }
  template <class T>
  static void store(const T* from, std::int64_t n, DType type, std::byte* to) {
    if constexpr (std::is_same_v<T, float>) {
      from_f32(type, from, n, to);
    } else {
      std::copy_n(from, n, reinterpret_cast<T*>(to));
    }
  }

  // The elements of a row.
  template <class T>
  void read(const TensorView& from, std::int64_t row, T* to) const {
    const std::int64_t width = std::int64_t(size_of(from.dtype)), first = start(row);
    for_each_piece([&](std::int64_t i, std::int64_t place) {
      load(from.dtype, from.data + (first + place) * width, piece_, to + i);
    });
  }
  template <class T>
  void write(const T* from, std::int64_t row, const MutableTensorView& to) const {
    const std::int64_t width = std::int64_t(size_of(to.dtype)), first = start(row);
    for_each_piece([&](std::int64_t i, std::int64_t place) {
      store(from + i, piece_, to.dtype, to.data + (first + place) * width);
    });
  }

  // body(row, its elements) for every row, on several threads where there is much. The elements are scratch that may be
  // written, with room for padded_width(length()) of them.
  template <class T, class Body>
  void for_each(const TensorView& from, const Body& body) const {
    constexpr std::int64_t kGrain = 1 << 14;  // elements
    const auto range = [&](std::int64_t begin, std::int64_t end) {
      thread_local std::vector<T> scratch;
      scratch.resize(std::size_t(padded_width(length())));
      for (std::int64_t row = begin; row < end; ++row) {
        read(from, row, scratch.data());
        body(row, scratch.data());
      }
    };
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, length()));
    if (count_ <= grain) return range(0, count_);
    parallel_for(count_, grain, range);
  }

 private:
  struct Axis {
    std::int64_t extent, stride;
  };
  std::vector<Axis> kept_;            // outermost first
  std::vector<std::int64_t> pieces_;  // where they stand
  std::int64_t piece_ = 1;            // elements of each
  std::int64_t count_ = 1;
};

// The type in which rows of a type are computed: calls body<T>(). REQUIRES: a floating type.
template <class Body>
void visit_row_type(DType type, const Body& body) {
  type == DType::kF64 ? body(std::type_identity<double>()) : body(std::type_identity<float>());
}

inline constexpr int kLanes = 16;

// All elements folded into one: element i goes to lane i mod kLanes by take(lane, element), in order, then lanes are
// merged by halves. The order of roundings is decided by the index alone.
template <class A, class T, class Take, class Merge>
A folded(const T* x, std::int64_t n, A start, const Take& take, const Merge& merge) {
  std::array<A, kLanes> lanes;
  lanes.fill(start);
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[std::size_t(lane)] = take(lanes[std::size_t(lane)], x[i + lane]);
  }
  for (; i < n; ++i) lanes[std::size_t(i % kLanes)] = take(lanes[std::size_t(i % kLanes)], x[i]);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] = merge(lanes[lane], lanes[lane + half]);
  }
  return lanes[0];
}
template <class A, class T, class Combine>
A folded(const T* x, std::int64_t n, A start, const Combine& combine) {
  return folded(x, n, start, combine, combine);
}

}  // namespace kvproof
