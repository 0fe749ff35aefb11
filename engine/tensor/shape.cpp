#include "engine/tensor/shape.h"

namespace kvproof {

bool Shape::count(std::span<const std::int64_t> dims, std::int64_t& elements) {
  elements = 1;
  if (dims.size() > std::size_t(kMaxRank)) return false;
  bool empty = false;
  for (const std::int64_t d : dims) {
    if (d < 0) return false;
    empty = empty || d == 0;
    // Zeros are counted last: [0, 2^62, 2^62] is as hostile as without the zero.
    if (d > 0 && __builtin_mul_overflow(elements, d, &elements)) return false;
  }
  if (elements >= std::int64_t(1) << 62) return false;
  if (empty) elements = 0;
  return true;
}

Shape::Shape(std::span<const std::int64_t> dims) : rank_(int(dims.size())) {
  KVPROOF_CHECK(count(dims, elements_));
  for (std::size_t i = 0; i < dims.size(); ++i) dims_[i] = dims[i];
}

std::string Shape::str() const {
  std::string text = "[";
  for (int i = 0; i < rank_; ++i) text += (i ? "," : "") + std::to_string((*this)[i]);
  return text + "]";
}

}  // namespace kvproof
