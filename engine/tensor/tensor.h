// Dense, row-major tensors and views of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "engine/base/buffer.h"
#include "engine/tensor/dtype.h"
#include "engine/tensor/shape.h"

namespace kvproof {

// Whether elements of type `type` are read as T: f32 as float, bool as bool, integers as the integer of their width,
// kDim as std::int64_t. The 16-bit floats are read by half.h.
template <class T>
constexpr bool holds(DType type) {
  if constexpr (std::is_same_v<T, float>) return type == DType::kF32;
  if constexpr (std::is_same_v<T, double>) return type == DType::kF64;
  if constexpr (std::is_same_v<T, bool>) return type == DType::kBool;
  if constexpr (std::is_same_v<T, std::int8_t>) return type == DType::kI8;
  if constexpr (std::is_same_v<T, std::int16_t>) return type == DType::kI16;
  if constexpr (std::is_same_v<T, std::int32_t>) return type == DType::kI32;
  if constexpr (std::is_same_v<T, std::int64_t>) return type == DType::kI64 || type == DType::kDim;
  if constexpr (std::is_same_v<T, std::uint8_t>) return type == DType::kU8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return type == DType::kU16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return type == DType::kU32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return type == DType::kU64;
  return false;
}

// Borrowed, read-only, contiguous. A default view is empty: no elements, data null.
struct TensorView {
  DType dtype = DType::kF32;
  Shape shape = {0};
  const std::byte* data = nullptr;

  bool empty() const { return shape.elements() == 0; }
  std::size_t size_bytes() const { return std::size_t(shape.elements()) * size_of(dtype); }
  // REQUIRES: T is the element type.
  template <class T>
  const T* as() const {
    KVPROOF_CHECK(holds<T>(dtype));
    return reinterpret_cast<const T*>(data);
  }
};

struct MutableTensorView {
  DType dtype = DType::kF32;
  Shape shape = {0};
  std::byte* data = nullptr;

  bool empty() const { return shape.elements() == 0; }
  // REQUIRES: T is the element type.
  template <class T>
  T* as() const {
    KVPROOF_CHECK(holds<T>(dtype));
    return reinterpret_cast<T*>(data);
  }
  operator TensorView() const { return {dtype, shape, data}; }
};

// Owns its elements. A copy is deep.
class Tensor {
 public:
  Tensor() : shape_({0}) {}
  Tensor(DType dtype, const Shape& shape)
      : dtype_(dtype), shape_(shape), buffer_(std::size_t(shape.elements()) * size_of(dtype)) {}
  // Takes memory over, which may be larger than needed. REQUIRES: it is not smaller.
  Tensor(DType dtype, const Shape& shape, Buffer&& buffer) : dtype_(dtype), shape_(shape), buffer_(std::move(buffer)) {
    KVPROOF_CHECK(buffer_.size() >= std::size_t(shape.elements()) * size_of(dtype));
  }
  // A copy of what `view` shows.
  explicit Tensor(const TensorView& view);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  TensorView view() const { return {dtype_, shape_, buffer_.data()}; }
  MutableTensorView view() { return {dtype_, shape_, buffer_.data()}; }
  operator TensorView() const { return view(); }

  // REQUIRES: T is the element type.
  template <class T>
  T* as() {
    KVPROOF_CHECK(holds<T>(dtype_));
    return reinterpret_cast<T*>(buffer_.data());
  }
  template <class T>
  const T* as() const {
    KVPROOF_CHECK(holds<T>(dtype_));
    return reinterpret_cast<const T*>(buffer_.data());
  }

  // The memory, for whoever uses it again. REQUIRES: the tensor is not used afterwards.
  Buffer release() { return std::move(buffer_); }

 private:
  DType dtype_ = DType::kF32;
  Shape shape_;
  Buffer buffer_;
};

// The elements of a floating tensor as f32, or rounded to `type`. REQUIRES: floating types.
Tensor to_dtype(const TensorView& from, DType type);

}  // namespace kvproof
