// Tolerances, and what a difference says.
#include "engine/tools/closeness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

Tensor floats(std::initializer_list<float> values) {
  Tensor tensor(DType::kF32, {std::int64_t(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<float>());
  return tensor;
}

Tensor longs(std::initializer_list<std::int64_t> values) {
  Tensor tensor(DType::kI64, {std::int64_t(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<std::int64_t>());
  return tensor;
}

bool agree(const Tensor& a, const Tensor& b, const Tolerance& t = {}) { return !difference(a, b, t); }

TEST(Closeness, ExactMeansEqual) {
  EXPECT_TRUE(agree(floats({1, -2}), floats({1, -2})));
  EXPECT_FALSE(agree(floats({1, -2}), floats({1, std::nextafter(-2.0f, 0.0f)})));
}

TEST(Closeness, BothTermsOfATolerancesCount) {
  EXPECT_TRUE(agree(floats({10.5f}), floats({10}), {0.25, 0.025}));  // 0.25 + 0.025 * 10 = 0.5
  EXPECT_FALSE(agree(floats({10.5f}), floats({10}), {0.25, 0.024}));
  EXPECT_FALSE(agree(floats({10.5f}), floats({10}), {0.24, 0.025}));
  EXPECT_TRUE(agree(floats({-10.5f}), floats({-10}), {0.25, 0.025}));
}

TEST(Closeness, NansAndInfinitiesAgreeWithTheirLikeOnly) {
  const Tolerance wide{100, 1};
  EXPECT_TRUE(agree(floats({kNan, kInf, -kInf}), floats({kNan, kInf, -kInf})));
  EXPECT_FALSE(agree(floats({kNan}), floats({0}), wide));
  EXPECT_FALSE(agree(floats({0}), floats({kNan}), wide));
  EXPECT_FALSE(agree(floats({kInf}), floats({0}), wide));
  EXPECT_FALSE(agree(floats({0}), floats({kInf}), wide));
  EXPECT_FALSE(agree(floats({kInf}), floats({-kInf}), wide));
}

TEST(Closeness, OutliersAreAShareOfAllElements) {
  const Tensor got = floats({9, 1, 1, 1}), expected = floats({1, 1, 1, 1});
  EXPECT_TRUE(agree(got, expected, {0, 0, 0.25}));
  EXPECT_FALSE(agree(got, expected, {0, 0, 0.24}));
}

TEST(Closeness, IntegersThatADoubleCannotTellApartDiffer) {
  const std::int64_t big = (std::int64_t{1} << 53) + 1;
  EXPECT_TRUE(agree(longs({big}), longs({big})));
  EXPECT_FALSE(agree(longs({big}), longs({big - 1})));
}

TEST(Closeness, NumbersOfDifferentTypesAreComparedByValue) {
  EXPECT_TRUE(agree(to_dtype(floats({1.5f, -2}), DType::kF16), floats({1.5f, -2})));
  EXPECT_TRUE(agree(to_dtype(floats({1.5f, -2}), DType::kBF16), floats({1.5f, -2})));
  EXPECT_TRUE(agree(longs({3}), floats({3})));
  EXPECT_EQ(difference(Tensor(DType::kBool, {1}), longs({1}), {}), "is of type bool, expected i64");
}

TEST(Closeness, SaysWhereTheWorstElementIs) {
  Tensor got(DType::kF32, {2, 3}), expected(DType::kF32, {2, 3});
  for (int i = 0; i < 6; ++i) got.as<float>()[i] = expected.as<float>()[i] = 1;
  got.as<float>()[1] = 1.5f;
  got.as<float>()[5] = 3;
  EXPECT_EQ(difference(got, expected, {}), "2 of 6 elements differ, most at [1,2]: 3 where 1 is expected");
}

TEST(Closeness, ShapesMustBeEqual) {
  EXPECT_EQ(difference(floats({1}), floats({1, 1}), {1, 1, 1}), "has shape [1], expected [2]");
  EXPECT_TRUE(agree(floats({}), floats({})));
}

TEST(Closeness, HasTheTolerancesOfTract) {
  EXPECT_EQ(named_tolerance("close", DType::kF32).atol, 1e-7);
  EXPECT_EQ(named_tolerance("close", DType::kF16).rtol, 1e-3);
  EXPECT_EQ(named_tolerance("approximate", DType::kF32).rtol, 5e-4);
  EXPECT_EQ(named_tolerance("approximate", DType::kF16).rtol, 5e-3);
  EXPECT_EQ(named_tolerance("ultra", DType::kF32).outliers, 5e-4);
  EXPECT_EQ(named_tolerance("exact", DType::kF16).atol, 0);
  EXPECT_THROW(named_tolerance("closest", DType::kF32), Error);
}

TEST(Closeness, ReadsACustomTolerance) {
  const Tolerance t = parse_tolerance("1e-3,0.5,0");
  EXPECT_EQ(t.atol, 1e-3);
  EXPECT_EQ(t.rtol, 0.5);
  EXPECT_EQ(t.outliers, 0);
  for (const char* bad : {"", "1", "1,2", "1,2,3,4", "1,2,", "-1,0,0", "a,b,c", "1;2;3", "1,2,3x", "nan,0,0"}) {
    EXPECT_THROW(parse_tolerance(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace kvproof
