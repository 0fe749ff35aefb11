// How operands of different shapes meet, and how their elements are walked together without arithmetic per element.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/parallel.h"
#include "engine/graph/op.h"

namespace kvproof {

// The shape of operands together, before a run and in it: aligned on the left, then axes agree or are 1. Throws
// Error(kMismatch) that names `op` and what differs.
std::vector<Dim> broadcast(const Op& op, std::span<const Fact> operands);
Shape broadcast(const Op& op, std::span<const Value> operands);
// Throws Error(kMismatch) unless a run found the shape that facts had told.
void require_shape(const Op& op, const Shape& told, const Shape& found);

// With axes of 1 in front up to a rank. REQUIRES: it is not lower.
Shape aligned_right(const Shape& shape, int rank);

// Up to three operands, walked in the order of a result in row-major order. Axes that are neighbours and that every
// operand either walks or stretches are one axis; the innermost one is handed out as runs.
class BroadcastWalk {
 public:
  static constexpr int kMaxOperands = 3;
  using Offsets = std::array<std::int64_t, kMaxOperands>;

  // REQUIRES: every operand has axes as `result`, from the left, or 1.
  BroadcastWalk(const Shape& result, std::span<const Shape> operands);
  BroadcastWalk(const Shape& result, std::span<const Value> operands);

  // How far operand i moves from one element of a run to the next: 1, or 0 where one element serves the whole run.
  std::int64_t step(int i) const { return axes_.back().strides[std::size_t(i)]; }

  // body(first element of the result, first elements of the operands, number of elements) for runs that together are
  // the elements [begin, end) of the result.
  template <class Body>
  void runs(std::int64_t begin, std::int64_t end, const Body& body) const {
    if (begin == end) return;
    const Axis& inner = axes_.back();
    std::int64_t at = begin % inner.extent;
    Place place = seek(begin / inner.extent);
    while (begin < end) {
      const std::int64_t n = std::min(inner.extent - at, end - begin);
      Offsets first = place.offsets;
      for (std::size_t i = 0; i < first.size(); ++i) first[i] += at * inner.strides[i];
      body(begin, first, n);
      begin += n;
      at = 0;
      if (begin < end) advance(place);
    }
  }

  // The same for all elements, on several threads where there are many.
  template <class Body>
  void parallel_runs(const Body& body) const {
    constexpr std::int64_t kGrain = 1 << 15;
    if (elements_ <= kGrain) return runs(0, elements_, body);
    parallel_for(elements_, kGrain, [&](std::int64_t begin, std::int64_t end) { runs(begin, end, body); });
  }

 private:
  struct Axis {
    std::int64_t extent = 1;
    Offsets strides{};  // in elements; 0 where an operand is stretched
  };
  struct Place {
    std::array<std::int64_t, Shape::kMaxRank> index{};  // on all axes but the innermost
    Offsets offsets{};
  };
  Place seek(std::int64_t row) const;
  void advance(Place& place) const;

  std::vector<Axis> axes_;  // outermost first; at least one
  std::int64_t elements_;
};

}  // namespace kvproof
