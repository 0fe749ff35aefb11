// Element types of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvproof {

// The first eight are what caches, attention and traces use; the others are what files and graphs bring as well.
// kDim is a 64-bit integer that counts (a graph's shapes, lengths, positions); kString has no elements of fixed size
// and is never the type of a Tensor.
enum class DType : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  kI8,
  kU8,
  kI32,
  kI64,
  kBool,
  kF64,
  kI16,
  kU16,
  kU32,
  kU64,
  kDim,
  kString
};

std::size_t size_of(DType type);           // bytes per element. REQUIRES: not kString
std::string_view name_of(DType type);      // "f32", "f16", "bf16", "i8", ..., "bool", "tdim", "string"
DType parse_dtype(std::string_view name);  // throws Error(kUsage)
// The types of activations: f32, f16, bf16. Arithmetic on them is f32.
inline bool is_float(DType type) { return type <= DType::kBF16; }
// i8 to u64, and kDim.
inline bool is_integer(DType type) {
  return !is_float(type) && type != DType::kBool && type != DType::kF64 && type != DType::kString;
}

}  // namespace kvproof
