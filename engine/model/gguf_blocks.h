// The element types of GGUF files: how many values a block holds, in how many bytes, and which values they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kvproof {

// One of a fixed table; pointers to it stay valid and are equal for equal types.
struct GgufType {
  std::uint32_t id;           // as the file spells it
  std::string_view name;      // "Q4_K"
  std::int64_t block_values;  // 1 for plain types
  std::int64_t block_bytes;
  // From `blocks` blocks to blocks * block_values values. Null: the sizes are known, the values are not.
  // REQUIRES: plain types are aligned to their width; quantised blocks may stand anywhere.
  void (*decode)(const std::byte* from, std::int64_t blocks, float* to);
};

// Null if there is no such type.
const GgufType* find_gguf_type(std::uint32_t id);
const GgufType* find_gguf_type(std::string_view name);

// The types with a decoder, for messages: "F32, F16, Q4_0, ...".
std::string decodable_gguf_types();

// The values of a tensor, in order, as f32. The arithmetic is f32, each product and difference rounded by itself, in
// this order: (d * scale) * q - dmin * m. REQUIRES: type.decode; whole blocks, aligned as it says.
void decode_gguf(const GgufType& type, std::span<const std::byte> from, float* to);

}  // namespace kvproof
