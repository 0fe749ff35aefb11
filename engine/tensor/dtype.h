// Element types of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvproof {

enum class DType : std::uint8_t { kF32, kF16, kBF16, kI8, kU8, kI32, kI64, kBool };

std::size_t size_of(DType type);           // bytes per element
std::string_view name_of(DType type);      // "f32", "f16", "bf16", "i8", "u8", "i32", "i64", "bool"
DType parse_dtype(std::string_view name);  // throws Error(kUsage)
inline bool is_float(DType type) { return type <= DType::kBF16; }

}  // namespace kvproof
