// From element types to C++ types: calls a generic body with std::type_identity<T>.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/base/check.h"
#include "engine/tensor/dtype.h"

namespace kvproof {

// The floating types that are computed in f32.
inline bool is_half(DType type) { return type == DType::kF16 || type == DType::kBF16; }
// The two names of a 64-bit integer.
inline bool counts(DType type) { return type == DType::kI64 || type == DType::kDim; }

// REQUIRES: is_integer(type).
template <class Body>
auto visit_integer(DType type, const Body& body) {
  switch (type) {
    case DType::kI8:
      return body(std::type_identity<std::int8_t>());
    case DType::kU8:
      return body(std::type_identity<std::uint8_t>());
    case DType::kI16:
      return body(std::type_identity<std::int16_t>());
    case DType::kU16:
      return body(std::type_identity<std::uint16_t>());
    case DType::kI32:
      return body(std::type_identity<std::int32_t>());
    case DType::kU32:
      return body(std::type_identity<std::uint32_t>());
    case DType::kU64:
      return body(std::type_identity<std::uint64_t>());
    default:
      KVPROOF_CHECK(counts(type));
      return body(std::type_identity<std::int64_t>());
  }
}

// The types that C++ has itself: all but f16, bf16 and strings.
template <class Body>
auto visit_native(DType type, const Body& body) {
  if (type == DType::kF32) return body(std::type_identity<float>());
  if (type == DType::kF64) return body(std::type_identity<double>());
  if (type == DType::kBool) return body(std::type_identity<bool>());
  return visit_integer(type, body);
}

}  // namespace kvproof
