// A tensor on an edge of a running graph: shared, read-only, perhaps a view of another one with a different shape.
#pragma once

#include <memory>
#include <utility>

#include "engine/tensor/tensor.h"

namespace kvproof {

class Value {
 public:
  Value() = default;
  Value(Tensor tensor)  // NOLINT(google-explicit-constructor)
      : Value(std::make_shared<const Tensor>(std::move(tensor))) {}
  Value(std::shared_ptr<const Tensor> tensor)  // NOLINT(google-explicit-constructor)
      : owner_(std::move(tensor)), view_(owner_->view()) {}

  const TensorView& view() const { return view_; }
  operator const TensorView&() const { return view_; }
  DType dtype() const { return view_.dtype; }
  const Shape& shape() const { return view_.shape; }
  template <class T>
  const T* as() const {
    return view_.as<T>();
  }
  // The same elements in another shape. REQUIRES: as many elements.
  Value reshaped(const Shape& shape) const {
    KVPROOF_CHECK(shape.elements() == view_.shape.elements());
    Value result(*this);
    result.view_.shape = shape;
    return result;
  }
  // The same bytes under a type of the same width (i64 and tdim).
  Value reinterpreted(DType dtype) const {
    KVPROOF_CHECK(size_of(dtype) == size_of(view_.dtype));
    Value result(*this);
    result.view_.dtype = dtype;
    return result;
  }

 private:
  std::shared_ptr<const Tensor> owner_;
  TensorView view_;
};

}  // namespace kvproof
