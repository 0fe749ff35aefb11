#include "engine/ops/floating.h"

#include <algorithm>

#include "engine/tensor/half.h"

namespace kvproof {

void widen(const TensorView& from, float* to) {
  const std::int64_t n = from.shape.elements();
  if (from.dtype == DType::kF64) {
    std::copy_n(from.as<double>(), n, to);
  } else {
    to_f32(from.dtype, from.data, n, to);
  }
}

void narrow(DType type, const float* from, std::int64_t n, std::byte* to) {
  if (type == DType::kF64) {
    std::copy_n(from, n, reinterpret_cast<double*>(to));
  } else {
    from_f32(type, from, n, to);
  }
}

Value without_f64(const Value& value, Evaluation& e) { return value.dtype() == DType::kF64 ? in_f32(value, e) : value; }

Value in_f32(const Value& value, Evaluation& e) {
  if (value.dtype() == DType::kF32) return value;
  Tensor wide = e.temporary(DType::kF32, value.shape());
  widen(value, wide.as<float>());
  return e.share(std::move(wide));
}

Value with_f64(const Value& value, DType type, Evaluation& e) {
  if (type != DType::kF64) return value;
  Tensor wide = e.temporary(type, value.shape());
  narrow(type, value.as<float>(), value.shape().elements(), wide.view().data);
  return e.share(std::move(wide));
}

}  // namespace kvproof
