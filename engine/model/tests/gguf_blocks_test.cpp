// The values of blocks, each computed once more on its own: from bits that are looked up by the number of the value.
#include "engine/model/gguf_blocks.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/model/tests/gguf_writer.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

// Bits and numbers by their place in a block.
class Block {
 public:
  explicit Block(const std::byte* begin) : begin_(begin) {}

  unsigned byte(int at) const { return std::to_integer<unsigned>(begin_[at]); }
  int with_sign(int at) const { return std::int8_t(byte(at)); }
  float half(int at) const { return f32_from_f16(std::uint16_t(byte(at) | byte(at + 1) << 8)); }
  // `count` bits from bit `bit` on, counted through the bytes from `at` on.
  int bits(int at, int bit, int count) const {
    int value = 0;
    for (int i = 0; i < count; ++i) value |= int(byte(at + (bit + i) / 8) >> (bit + i) % 8 & 1) << i;
    return value;
  }
  // Value i of 32 of four bits, of which the first half stand in the low nibbles.
  int nibble(int at, int i) const { return bits(at + i % 16, i / 16 * 4, 4); }
  // Of the scales (0) and the minima (1) of a K block, the one of sub-block j.
  int six_bits(int at, int which, int j) const {
    const int own = at + 4 * which + j % 4;
    return j < 4 ? bits(own, 0, 6) : bits(at + 8 + j % 4, 4 * which, 4) + 16 * bits(own, 6, 2);
  }

 private:
  const std::byte* begin_;
};

using Value = float (*)(const Block&, int);

float q4_k(const Block& b, int i, int at, int fifth) {
  const int sub = i / 32;
  const float scale = b.half(0) * float(b.six_bits(4, 0, sub)), low = b.half(2) * float(b.six_bits(4, 1, sub));
  return scale * float(b.bits(at + i / 64 * 32 + i % 32, sub % 2 * 4, 4) + 16 * fifth) - low;
}

float q6_k(const Block& b, int i) {
  const int half = i / 128, run = i % 128 / 32, l = i % 32;
  const int lower = b.bits(64 * half + 32 * (run % 2) + l, run / 2 * 4, 4);
  const int upper = b.bits(128 + 32 * half + l, 2 * run, 2);
  return b.half(208) * float(b.with_sign(192 + i / 16)) * float(lower + 16 * upper - 32);
}

struct Case {
  const char* name;
  std::int64_t values, bytes;
  std::vector<int> scales;  // where an f16 stands
  Value value;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"Q8_0", 32, 34, {0}, [](const Block& b, int i) { return b.half(0) * float(b.with_sign(2 + i)); }},
      {"Q4_0", 32, 18, {0}, [](const Block& b, int i) { return b.half(0) * float(b.nibble(2, i) - 8); }},
      {"Q4_1", 32, 20, {0, 2}, [](const Block& b, int i) { return b.half(0) * float(b.nibble(4, i)) + b.half(2); }},
      {"Q5_0",
       32,
       22,
       {0},
       [](const Block& b, int i) { return b.half(0) * float(b.nibble(6, i) + 16 * b.bits(2, i, 1) - 16); }},
      {"Q5_1",
       32,
       24,
       {0, 2},
       [](const Block& b, int i) { return b.half(0) * float(b.nibble(8, i) + 16 * b.bits(4, i, 1)) + b.half(2); }},
      {"Q4_K", 256, 144, {0, 2}, [](const Block& b, int i) { return q4_k(b, i, 16, 0); }},
      {"Q5_K", 256, 176, {0, 2}, [](const Block& b, int i) { return q4_k(b, i, 48, b.bits(16 + i % 32, i / 32, 1)); }},
      {"Q6_K", 256, 210, {208}, q6_k},
  };
  return all;
}

// Any bytes, but scales of at most 32 and of either sign, subnormal ones among them.
Bytes random_blocks(const Case& which, std::int64_t blocks, Random& random) {
  Bytes bytes(std::size_t(blocks * which.bytes));
  for (std::byte& byte : bytes) byte = std::byte(random.bits());
  for (std::int64_t i = 0; i < blocks; ++i) {
    for (const int at : which.scales) {
      auto half = std::uint16_t(random.integer(0, 0x5000) | random.integer(0, 1) << 15);
      if (random.integer(0, 9) == 0) half &= 0x83ff;
      std::memcpy(bytes.data() + i * which.bytes + at, &half, sizeof half);
    }
  }
  return bytes;
}

std::vector<float> decode(const std::string& type, const Bytes& bytes) {
  const GgufType& found = *find_gguf_type(type);
  std::vector<float> values(bytes.size() / std::size_t(found.block_bytes) * std::size_t(found.block_values));
  decode_gguf(found, bytes, values.data());
  return values;
}

TEST(GgufBlocks, HaveTheBitsThatAnIndependentComputationGives) {
  for (const Case& which : cases()) {
    Random random(hash_name(which.name));
    const Bytes bytes = random_blocks(which, 200, random);
    const std::vector<float> values = decode(which.name, bytes);
    ASSERT_EQ(std::int64_t(values.size()), 200 * which.values) << which.name;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto block = std::int64_t(i) / which.values;
      const float expected =
          which.value(Block(bytes.data() + block * which.bytes), int(std::int64_t(i) % which.values));
      ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(expected))
          << which.name << " value " << i << ": " << values[i] << " or " << expected;
    }
  }
}

TEST(GgufBlocks, ComeOutTheSameAlongALongRowAsOneByOne) {
  for (const Case& which : cases()) {
    Random random(hash_name(which.name, 1));
    const Bytes bytes = random_blocks(which, (1 << 18) / which.values, random);
    const std::vector<float> together = decode(which.name, bytes);
    std::vector<float> alone(together.size());
    const GgufType& type = *find_gguf_type(which.name);
    for (std::int64_t i = 0; i < (1 << 18) / which.values; ++i) {
      type.decode(bytes.data() + i * which.bytes, 1, alone.data() + i * which.values);
    }
    EXPECT_EQ(std::memcmp(together.data(), alone.data(), alone.size() * sizeof(float)), 0) << which.name;
  }
}

TEST(GgufBlocks, OfPlainTypesAreSingleValues) {
  EXPECT_EQ(decode("F32", bytes_of<float>({1.5f, -0.1f})), (std::vector<float>{1.5f, -0.1f}));
  EXPECT_EQ(decode("F16", bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x0001})), (std::vector<float>{1, -2, 0x1p-24f}));
  EXPECT_EQ(decode("BF16", bytes_of<std::uint16_t>({0x3f80, 0xc040})), (std::vector<float>{1, -3}));
  EXPECT_TRUE(std::isinf(decode("F16", bytes_of<std::uint16_t>({0x7c00}))[0]));
  EXPECT_TRUE(std::isnan(decode("F16", bytes_of<std::uint16_t>({0x7e01}))[0]));
}

TEST(GgufBlocks, OfQ4HaveTheFirstHalfInTheLowNibbles) {
  Bytes block = bytes_of<std::uint16_t>({0x4000});  // d = 2
  for (int i = 0; i < 16; ++i) block.push_back(std::byte(i | (15 - i) << 4));
  const std::vector<float> values = decode("Q4_0", block);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(values[std::size_t(i)], float(2 * (i - 8)));
    EXPECT_EQ(values[std::size_t(i + 16)], float(2 * (7 - i)));
  }
}

TEST(GgufBlocks, OfQ6KHaveScalesWithASign) {
  Bytes block(210);
  block[192] = std::byte(0xff);  // -1, for the first 16 values
  block[209] = std::byte(0x3c);  // d = 1
  const std::vector<float> values = decode("Q6_K", block);
  EXPECT_EQ(values[0], 32);  // q = 0 stands for -32
  EXPECT_EQ(values[15], 32);
  EXPECT_EQ(values[16], 0);
}

TEST(GgufBlocks, HaveTheSizesOfTheFormat) {
  for (const Case& which : cases()) {
    const GgufType* type = find_gguf_type(which.name);
    ASSERT_TRUE(type && type->decode);
    EXPECT_EQ(type->block_values, which.values);
    EXPECT_EQ(type->block_bytes, which.bytes);
    EXPECT_EQ(find_gguf_type(type->id), type);
  }
  EXPECT_EQ(find_gguf_type("Q2_K")->decode, nullptr);
  EXPECT_EQ(find_gguf_type(4), nullptr);  // of formats long gone
  EXPECT_EQ(find_gguf_type("Q4_2"), nullptr);
}

}  // namespace
}  // namespace kvproof
