#include "engine/tensor/tensor.h"

#include <cstring>

#include "engine/tensor/half.h"

namespace kvproof {

Tensor::Tensor(const TensorView& view) : Tensor(view.dtype, view.shape) {
  if (!view.empty()) std::memcpy(buffer_.data(), view.data, view.size_bytes());
}

Tensor to_dtype(const TensorView& from, DType type) {
  KVPROOF_CHECK(is_float(from.dtype) && is_float(type));
  if (from.dtype == type) return Tensor(from);
  Tensor wide(DType::kF32, from.shape);
  to_f32(from.dtype, from.data, from.shape.elements(), wide.as<float>());
  if (type == DType::kF32) return wide;
  Tensor result(type, from.shape);
  from_f32(type, wide.as<float>(), from.shape.elements(), result.view().data);
  return result;
}

}  // namespace kvproof
