// Dense, row-major tensors and views of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/buffer.h"
#include "engine/tensor/dtype.h"
#include "engine/tensor/shape.h"

namespace kvproof {

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kF32;
};
template <>
struct DTypeOf<std::int8_t> {
  static constexpr DType value = DType::kI8;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::kU8;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::kI32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::kI64;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::kBool;
};

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
    KVPROOF_CHECK(DTypeOf<T>::value == dtype);
    return reinterpret_cast<const T*>(data);
  }
};

struct MutableTensorView {
  DType dtype = DType::kF32;
  Shape shape = {0};
  std::byte* data = nullptr;

  bool empty() const { return shape.elements() == 0; }
  operator TensorView() const { return {dtype, shape, data}; }
};

// Owns its elements. A copy is deep.
class Tensor {
 public:
  Tensor() : shape_({0}) {}
  Tensor(DType dtype, const Shape& shape)
      : dtype_(dtype), shape_(shape), buffer_(std::size_t(shape.elements()) * size_of(dtype)) {}
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
    KVPROOF_CHECK(DTypeOf<T>::value == dtype_);
    return reinterpret_cast<T*>(buffer_.data());
  }
  template <class T>
  const T* as() const {
    KVPROOF_CHECK(DTypeOf<T>::value == dtype_);
    return reinterpret_cast<const T*>(buffer_.data());
  }

 private:
  DType dtype_ = DType::kF32;
  Shape shape_;
  Buffer buffer_;
};

// The elements of a floating tensor as f32, or rounded to `type`. REQUIRES: floating types.
Tensor to_dtype(const TensorView& from, DType type);

}  // namespace kvproof
