// Copies between tensors whose axes stand in any distance: what every operator that moves elements comes down to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/graph/op.h"

namespace kvproof {

// One axis of a copy: neighbours stand `from` elements apart at the source (0: all the same) and `to` at the target.
struct CopyAxis {
  std::int64_t size, from, to;
};

// Copies every element, in runs as long as both ends allow; large copies on several threads. `element` is in bytes: 1,
// 2, 4 or 8. REQUIRES: no overlap; the elements of the target are distinct.
void copy_strided(const std::vector<CopyAxis>& axes, std::size_t element, const std::byte* from, std::byte* to);

// Output 0 of an evaluation as such a copy of `input` from element `start` on. `axes` are those of the output or cut it
// finer, in its order. Shares the memory of the input where nothing moves.
Value strided_output(const Value& input, const std::vector<CopyAxis>& axes, std::int64_t start, Evaluation& evaluation);

// How far apart neighbours of each axis stand in a dense tensor, in elements.
std::vector<std::int64_t> dense_strides(const Shape& shape);

}  // namespace kvproof
