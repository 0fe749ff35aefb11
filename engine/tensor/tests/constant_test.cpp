// Constants share what they hold, and blocks of four bits stand for what GGML's q4_0 says.
#include "engine/tensor/constant.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "engine/base/random.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Random random(seed);
  Tensor tensor(DType::kF32, shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) tensor.as<float>()[i] = float(random.normal());
  return tensor;
}

Tensor one(float value) {
  Tensor tensor(DType::kF32, {1});
  tensor.as<float>()[0] = value;
  return tensor;
}

TEST(Constant, ACopySharesTheContent) {
  const Constant a(normal({2, 3}, 1)), b(a);
  EXPECT_EQ(a.tensor().get(), b.tensor().get());
  EXPECT_EQ(a.dtype(), DType::kF32);
  EXPECT_EQ(a.shape(), Shape({2, 3}));
  EXPECT_EQ(a.strings(), nullptr);
  EXPECT_EQ(a.blocks(), nullptr);
}

TEST(Constant, IsEqualByKindShapeAndBytes) {
  EXPECT_EQ(Constant(normal({2, 3}, 1)), Constant(normal({2, 3}, 1)));
  EXPECT_FALSE(Constant(normal({2, 3}, 1)) == Constant(normal({3, 2}, 1)));
  EXPECT_FALSE(Constant(normal({2, 3}, 1)) == Constant(normal({2, 3}, 2)));
  EXPECT_FALSE(Constant(one(0.0f)) == Constant(one(-0.0f)));
  EXPECT_EQ(Constant(one(std::nanf(""))), Constant(one(std::nanf(""))));
  EXPECT_EQ(Constant(Tensor(DType::kF32, {0})), Constant(Tensor(DType::kF32, {0})));
  EXPECT_FALSE(Constant(Tensor(DType::kF32, {0})) == Constant(Tensor(DType::kI32, {0})));
  const Q4Blocks blocks = Q4Blocks::encode(Tensor(DType::kF32, {1, 32}));
  EXPECT_EQ(Constant(blocks), Constant(blocks));
  EXPECT_FALSE(Constant(blocks) == Constant(blocks.decode()));
}

TEST(Constant, HoldsStrings) {
  const Constant words(Strings{{2}, {"one", ""}});
  EXPECT_EQ(words.dtype(), DType::kString);
  EXPECT_EQ(words.shape(), Shape({2}));
  EXPECT_EQ(words.strings()->values[0], "one");
  EXPECT_EQ(words, Constant(Strings{{2}, {"one", ""}}));
  EXPECT_FALSE(words == Constant(Strings{{2}, {"", "one"}}));
}

TEST(Constant, IsDecodedOnceWhoeverAsksFirst) {
  const Constant constant(Q4Blocks::encode(normal({64, 64}, 3)));
  EXPECT_EQ(constant.dtype(), DType::kF32);
  std::vector<const Tensor*> seen(4);
  std::vector<std::thread> threads;
  for (auto& tensor : seen) threads.emplace_back([&] { tensor = constant.tensor().get(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), seen[0]), 4);
  EXPECT_NE(seen[0], nullptr);
}

TEST(Q4Blocks, FitsRowsOfWholeBlocks) {
  EXPECT_TRUE(Q4Blocks::fits({2, 32}));
  EXPECT_TRUE(Q4Blocks::fits({3, 2, 16}));
  EXPECT_TRUE(Q4Blocks::fits({0, 32}));
  EXPECT_FALSE(Q4Blocks::fits({2, 31}));
  EXPECT_FALSE(Q4Blocks::fits({32}));
  EXPECT_FALSE(Q4Blocks::fits({}));
}

TEST(Q4Blocks, ABlockIsAScaleAndNibblesOfTwoHalves) {
  Q4Blocks blocks{{1, 32}, Buffer(18)};
  const std::uint16_t scale = f16_from_f32(0.5f);
  std::memcpy(blocks.bytes.data(), &scale, 2);
  for (int i = 0; i < 16; ++i) blocks.bytes.data()[2 + i] = std::byte(i | (15 - i) << 4);
  const Tensor values = blocks.decode();
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(values.as<float>()[i], float(i - 8) / 2);
    EXPECT_EQ(values.as<float>()[i + 16], float(7 - i) / 2);
  }
}

// A code is half a step away at most, but for the far end of the side that has no code 16: there it is a whole step.
// The scale is rounded to 11 bits, which moves eight steps by 8 / 2048.
TEST(Q4Blocks, AValueIsAtMostOneStepAway) {
  const Tensor values = normal({8, 64}, 4);
  const Q4Blocks blocks = Q4Blocks::encode(values);
  const Tensor back = blocks.decode();
  for (std::int64_t i = 0; i < 8 * 64; ++i) {
    std::uint16_t scale = 0;
    std::memcpy(&scale, blocks.bytes.data() + i / 32 * 18, 2);
    const float step = std::fabs(f32_from_f16(scale)), error = std::fabs(values.as<float>()[i] - back.as<float>()[i]);
    const bool far_end = values.as<float>()[i] / f32_from_f16(scale) > 7;
    EXPECT_LE(error, step * ((far_end ? 1.0f : 0.5f) + 8.0f / 2048)) << i;
  }
}

TEST(Q4Blocks, CodingAgainChangesNothing) {
  const Q4Blocks once = Q4Blocks::encode(normal({8, 64}, 5));
  const Q4Blocks twice = Q4Blocks::encode(once.decode());
  EXPECT_EQ(Constant(once), Constant(twice));
}

TEST(Q4Blocks, ZerosAndHugeValuesStayFinite) {
  Tensor values(DType::kF32, {2, 32});
  std::fill_n(values.as<float>(), 32, 0.0f);
  std::fill_n(values.as<float>() + 32, 32, std::numeric_limits<float>::max());
  const Tensor back = Q4Blocks::encode(values).decode();
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(back.as<float>()[i], 0.0f);
    EXPECT_EQ(back.as<float>()[i + 32], 8 * 65504.0f);
  }
}

}  // namespace
}  // namespace kvproof
