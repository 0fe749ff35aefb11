// Floating tensors as the kernels take them: f64 goes through f32, because arithmetic on activations is f32.
#pragma once

#include "engine/graph/op.h"

namespace kvproof {

// f32, f16, bf16 or f64.
inline bool is_floating(DType type) { return is_float(type) || type == DType::kF64; }

// The elements of a floating tensor as f32, and n floats rounded to `type`. REQUIRES: floating types; no overlap.
void widen(const TensorView& from, float* to);
void narrow(DType type, const float* from, std::int64_t n, std::byte* to);

// The value itself, or, if it is f64, a copy in f32.
Value without_f64(const Value& value, Evaluation& e);
// The value itself, or a copy in f32.
Value in_f32(const Value& value, Evaluation& e);
// The value itself, or, if `type` is f64, a copy in f64. REQUIRES: it is f32 then.
Value with_f64(const Value& value, DType type, Evaluation& e);

}  // namespace kvproof
