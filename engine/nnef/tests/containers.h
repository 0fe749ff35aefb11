// What the tests of the containers share: bytes and tensors of every type.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/temp_folder.h"
#include "engine/tensor/tensor.h"

namespace kvproof {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline constexpr DType kFileTypes[] = {DType::kF16, DType::kF32, DType::kF64, DType::kI8,  DType::kI16, DType::kI32,
                                       DType::kI64, DType::kU8,  DType::kU16, DType::kU32, DType::kU64, DType::kBool};

inline const std::vector<Shape>& odd_shapes() {
  static const std::vector<Shape> shapes{{}, {1}, {7}, {0}, {3, 0, 5}, {2, 3, 5}, {1, 1, 1, 1, 1, 1, 2, 3}};
  return shapes;
}

inline Tensor random_tensor(DType dtype, const Shape& shape, std::uint64_t seed = 1) {
  Tensor tensor(dtype, shape);
  Random random(seed);
  const std::size_t size = std::size_t(shape.elements()) * size_of(dtype);
  for (std::size_t i = 0; i < size; ++i) {
    tensor.view().data[i] = std::byte(random.bits() & (dtype == DType::kBool ? 1 : 0xff));
  }
  return tensor;
}

inline Bytes elements_of(const TensorView& tensor) { return {tensor.data, tensor.data + tensor.size_bytes()}; }

inline bool same(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape &&
         (a.size_bytes() == 0 || std::memcmp(a.data, b.data, a.size_bytes()) == 0);
}

}  // namespace kvproof
