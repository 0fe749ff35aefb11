#include "engine/model/gguf_blocks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/parallel.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Half = std::uint16_t;  // the bits of an f16
using Byte = std::uint8_t;

// 32 values; the low nibble of byte j belongs to value j, the high one to value j + 16. In Q5 bit j of `high` is the
// fifth of value j.
struct Q4_0 {
  Half d;
  std::array<Byte, 16> nibbles;
};
struct Q4_1 {
  Half d, m;
  std::array<Byte, 16> nibbles;
};
struct Q5_0 {
  Half d;
  std::array<Byte, 4> high;
  std::array<Byte, 16> nibbles;
};
struct Q5_1 {
  Half d, m;
  std::array<Byte, 4> high;
  std::array<Byte, 16> nibbles;
};
struct Q8_0 {
  Half d;
  std::array<std::int8_t, 32> q;
};

// 256 values in eight sub-blocks of 32, each with a scale and a minimum of 6 bits. 32 bytes hold two sub-blocks: low
// nibbles the even one, high nibbles the odd one. In Q5_K bit s of high[l] is the fifth of value l in sub-block s.
struct Q4_K {
  Half d, dmin;
  std::array<Byte, 12> scales;
  std::array<Byte, 128> nibbles;
};
struct Q5_K {
  Half d, dmin;
  std::array<Byte, 12> scales;
  std::array<Byte, 32> high;
  std::array<Byte, 128> nibbles;
};

// 256 values in two halves of 128, each of four runs of 32: low nibbles of 64 bytes, then their high nibbles; two more
// bits for run r stand at bit 2r of the half's 32 bytes of `high`. A scale for every 16 values.
struct Q6_K {
  std::array<Byte, 128> nibbles;
  std::array<Byte, 64> high;
  std::array<std::int8_t, 16> scales;
  Half d;
};

int low(Byte byte) { return byte & 15; }
int high(Byte byte) { return byte >> 4; }

void decode_one(const Q4_0& block, float* to) {
  const float d = f32_from_f16(block.d);
  for (std::size_t j = 0; j < 16; ++j) {
    to[j] = d * float(low(block.nibbles[j]) - 8);
    to[j + 16] = d * float(high(block.nibbles[j]) - 8);
  }
}

void decode_one(const Q4_1& block, float* to) {
  const float d = f32_from_f16(block.d), m = f32_from_f16(block.m);
  for (std::size_t j = 0; j < 16; ++j) {
    to[j] = d * float(low(block.nibbles[j])) + m;
    to[j + 16] = d * float(high(block.nibbles[j])) + m;
  }
}

// The 32 numbers of 5 bits of a block of Q5_0 or Q5_1.
template <class Block>
std::array<int, 32> five_bits(const Block& block) {
  const auto bits = std::bit_cast<std::uint32_t>(block.high);
  std::array<int, 32> q;
  for (std::size_t j = 0; j < 16; ++j) {
    q[j] = low(block.nibbles[j]) | int(bits >> j & 1) << 4;
    q[j + 16] = high(block.nibbles[j]) | int(bits >> (j + 16) & 1) << 4;
  }
  return q;
}

void decode_one(const Q5_0& block, float* to) {
  const float d = f32_from_f16(block.d);
  for (const int q : five_bits(block)) *to++ = d * float(q - 16);
}

void decode_one(const Q5_1& block, float* to) {
  const float d = f32_from_f16(block.d), m = f32_from_f16(block.m);
  for (const int q : five_bits(block)) *to++ = d * float(q) + m;
}

void decode_one(const Q8_0& block, float* to) {
  const float d = f32_from_f16(block.d);
  for (std::size_t j = 0; j < 32; ++j) to[j] = d * float(block.q[j]);
}

struct SubBlock {
  int scale, minimum;
};

// The first four stand in the low six bits of bytes 0 to 3 and 4 to 7; of the others, those bytes hold the upper two
// bits and bytes 8 to 11 the lower four.
SubBlock sub_block(const std::array<Byte, 12>& s, std::size_t i) {
  if (i < 4) return {s[i] & 63, s[i + 4] & 63};
  return {low(s[i + 4]) | (s[i - 4] >> 6) << 4, high(s[i + 4]) | (s[i] >> 6) << 4};
}

// `fifth` gives 0 or 16 for value l of a sub-block.
template <class Block, class Fifth>
void decode_k(const Block& block, const Fifth& fifth, float* to) {
  const float d = f32_from_f16(block.d), dmin = f32_from_f16(block.dmin);
  for (std::size_t i = 0; i < 8; ++i) {
    const SubBlock sub = sub_block(block.scales, i);
    const float scale = d * float(sub.scale), minimum = dmin * float(sub.minimum);
    const Byte* nibbles = &block.nibbles[i / 2 * 32];
    for (std::size_t l = 0; l < 32; ++l) {
      const int nibble = i % 2 ? high(nibbles[l]) : low(nibbles[l]);
      *to++ = scale * float(nibble + fifth(i, l)) - minimum;
    }
  }
}

void decode_one(const Q4_K& block, float* to) {
  decode_k(block, [](std::size_t, std::size_t) { return 0; }, to);
}

void decode_one(const Q5_K& block, float* to) {
  decode_k(block, [&](std::size_t i, std::size_t l) { return (block.high[l] >> i & 1) << 4; }, to);
}

void decode_one(const Q6_K& block, float* to) {
  const float d = f32_from_f16(block.d);
  for (std::size_t run = 0; run < 8; ++run) {
    const std::size_t half = run / 4, r = run % 4;
    const Byte* nibbles = &block.nibbles[half * 64 + r % 2 * 32];
    const Byte* bits = &block.high[half * 32];
    for (std::size_t l = 0; l < 32; ++l) {
      const int q = (r < 2 ? low(nibbles[l]) : high(nibbles[l])) | (bits[l] >> 2 * r & 3) << 4;
      *to++ = d * float(block.scales[run * 2 + l / 16]) * float(q - 32);
    }
  }
}

template <class Block, std::int64_t kValues>
void decode_all(const std::byte* from, std::int64_t blocks, float* to) {
  for (std::int64_t i = 0; i < blocks; ++i) {
    Block block;
    std::memcpy(&block, from + i * std::int64_t(sizeof block), sizeof block);
    decode_one(block, to + i * kValues);
  }
}

template <class Block, std::int64_t kValues>
constexpr GgufType quantised(std::uint32_t id, std::string_view name) {
  return {id, name, kValues, sizeof(Block), decode_all<Block, kValues>};
}

template <DType kType>
void widen(const std::byte* from, std::int64_t values, float* to) {
  to_f32(kType, from, values, to);
}

template <DType kType>
constexpr GgufType plain(std::uint32_t id, std::string_view name, std::int64_t bytes) {
  return {id, name, 1, bytes, widen<kType>};
}

constexpr std::array kTypes = std::to_array<GgufType>({
    plain<DType::kF32>(0, "F32", 4),
    plain<DType::kF16>(1, "F16", 2),
    plain<DType::kBF16>(30, "BF16", 2),
    quantised<Q4_0, 32>(2, "Q4_0"),
    quantised<Q4_1, 32>(3, "Q4_1"),
    quantised<Q5_0, 32>(6, "Q5_0"),
    quantised<Q5_1, 32>(7, "Q5_1"),
    quantised<Q8_0, 32>(8, "Q8_0"),
    quantised<Q4_K, 256>(12, "Q4_K"),
    quantised<Q5_K, 256>(13, "Q5_K"),
    quantised<Q6_K, 256>(14, "Q6_K"),
    // Sizes alone, so that a file that holds such tensors can be checked and they can be named.
    {9, "Q8_1", 32, 36, nullptr},
    {10, "Q2_K", 256, 84, nullptr},
    {11, "Q3_K", 256, 110, nullptr},
    {15, "Q8_K", 256, 292, nullptr},
    {16, "IQ2_XXS", 256, 66, nullptr},
    {17, "IQ2_XS", 256, 74, nullptr},
    {18, "IQ3_XXS", 256, 98, nullptr},
    {19, "IQ1_S", 256, 50, nullptr},
    {20, "IQ4_NL", 32, 18, nullptr},
    {21, "IQ3_S", 256, 110, nullptr},
    {22, "IQ2_S", 256, 82, nullptr},
    {23, "IQ4_XS", 256, 136, nullptr},
    {24, "I8", 1, 1, nullptr},
    {25, "I16", 1, 2, nullptr},
    {26, "I32", 1, 4, nullptr},
    {27, "I64", 1, 8, nullptr},
    {28, "F64", 1, 8, nullptr},
    {29, "IQ1_M", 256, 56, nullptr},
    {34, "TQ1_0", 256, 54, nullptr},
    {35, "TQ2_0", 256, 66, nullptr},
    {39, "MXFP4", 32, 17, nullptr},
    {40, "NVFP4", 64, 36, nullptr},
});

}  // namespace

const GgufType* find_gguf_type(std::uint32_t id) {
  const auto found = std::ranges::find(kTypes, id, &GgufType::id);
  return found == kTypes.end() ? nullptr : &*found;
}

const GgufType* find_gguf_type(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, &GgufType::name);
  return found == kTypes.end() ? nullptr : &*found;
}

std::string decodable_gguf_types() {
  std::string names;
  for (const GgufType& type : kTypes) {
    if (type.decode) names += (names.empty() ? "" : ", ") + std::string(type.name);
  }
  return names;
}

void decode_gguf(const GgufType& type, std::span<const std::byte> from, float* to) {
  KVPROOF_CHECK(type.decode && std::int64_t(from.size()) % type.block_bytes == 0);
  constexpr std::int64_t kGrain = 1 << 16;  // values; enough that handing them out costs nothing
  const std::int64_t blocks = std::int64_t(from.size()) / type.block_bytes;
  parallel_for(blocks, kGrain / type.block_values, [&](std::int64_t begin, std::int64_t end) {
    type.decode(from.data() + begin * type.block_bytes, end - begin, to + begin * type.block_values);
  });
}

}  // namespace kvproof
