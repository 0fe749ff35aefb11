// Casts between all types, and selection.
#include "engine/ops/elementwise.h"
#include "engine/ops/tests/elementwise_support.h"

namespace kvproof {
namespace {

constexpr DType kNumbers[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64, DType::kI8,
                              DType::kU8,  DType::kI16, DType::kU16,  DType::kI32, DType::kU32,
                              DType::kI64, DType::kU64, DType::kDim,  DType::kBool};

std::vector<double> cast_of(const Value& x, DType type) { return numbers_of(run(Cast(type), {x})); }

TEST(Cast, SmallNumbersComeThroughBetweenAllTypes) {
  for (const DType from : kNumbers) {
    const std::vector<double> some =
        from == DType::kBool ? std::vector<double>{0, 1} : std::vector<double>{0, 1, 2, 100};
    const Value x = numbers(from, {std::int64_t(some.size())}, some);
    for (const DType to : kNumbers) {
      const Value y = run(Cast(to), {x});
      ASSERT_EQ(y.dtype(), to);
      std::vector<double> right = some;
      if (to == DType::kBool) std::transform(some.begin(), some.end(), right.begin(), [](double v) { return v != 0; });
      EXPECT_EQ(numbers_of(y), right) << name_of(from) << " to " << name_of(to);
    }
  }
}

TEST(Cast, FloatsToIntegersGoTowardsZeroAndSaturate) {
  for (const DType from : {DType::kF32, DType::kF64, DType::kF16, DType::kBF16}) {
    const Value x = numbers(from, {7}, {1.75, -1.75, kNaN, kInf, -kInf, -0.5, 300});
    EXPECT_EQ(cast_of(x, DType::kI8), (std::vector<double>{1, -1, 0, 127, -128, 0, 127})) << name_of(from);
    EXPECT_EQ(cast_of(x, DType::kU8), (std::vector<double>{1, 0, 0, 255, 0, 0, 255})) << name_of(from);
    EXPECT_EQ(cast_of(x, DType::kBool), (std::vector<double>{1, 1, 1, 1, 1, 1, 1})) << name_of(from);
    const Value wide = run(Cast(DType::kI64), {x});
    EXPECT_EQ(wide.as<std::int64_t>()[3], std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(wide.as<std::int64_t>()[4], std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(run(Cast(DType::kU64), {x}).as<std::uint64_t>()[3], std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(run(Cast(DType::kI32), {x}).as<std::int32_t>()[3], std::numeric_limits<std::int32_t>::max());
  }
  EXPECT_EQ(cast_of(scalar(DType::kF32, 0x1p31), DType::kI32), (std::vector<double>{0x1p31 - 1}));
  EXPECT_EQ(cast_of(scalar(DType::kF32, 0x1p31), DType::kU32), (std::vector<double>{0x1p31}));
}

TEST(Cast, IntegersAmongThemselvesKeepTheirLowBits) {
  const Value x = integers(DType::kI64, {3}, {-1, 257, 0x180000000});
  EXPECT_EQ(cast_of(x, DType::kU8), (std::vector<double>{255, 1, 0}));
  EXPECT_EQ(cast_of(x, DType::kI32), (std::vector<double>{-1, 257, -0x1p31}));
}

// The number of a 16-bit format nearest to x, ties to even, in f64: a quantum is the place of its last bit.
double nearest(double x, DType type) {
  const int bits = type == DType::kF16 ? 10 : 7, lowest = type == DType::kF16 ? -14 : -126;
  const double quantum = std::ldexp(1, std::max(std::ilogb(x), lowest) - bits);
  return std::nearbyint(x / quantum) * quantum;
}

TEST(Cast, SixteenBitsAreRoundedOnceFromWiderTypes) {
  Random random(1);
  for (const DType type : {DType::kF16, DType::kBF16}) {
    const double half_unit = epsilon_of(type) / 2;
    for (int round = 0; round < 2000; ++round) {
      // Next to the middle between two numbers, by less than f32 tells.
      const double middle = double(random.integer(0, 100)) * 2 * half_unit + 1 + half_unit;
      const double x = std::ldexp(middle + double(random.integer(-1, 1)) * 0x1p-40, int(random.integer(-8, 8)));
      ASSERT_EQ(cast_of(scalar(DType::kF64, x), type)[0], nearest(x, type)) << x;
    }
  }
  // 2^40 + 2^32 is the middle for bf16; one more decides.
  const std::int64_t middle = (std::int64_t(1) << 40) + (std::int64_t(1) << 32);
  EXPECT_EQ(cast_of(integers(DType::kI64, {1}, {middle + 1}), DType::kBF16)[0], 0x1p40 + 0x1p33);
  EXPECT_EQ(cast_of(integers(DType::kI64, {1}, {middle}), DType::kBF16)[0], 0x1p40);
  EXPECT_EQ(cast_of(scalar(DType::kF64, 1e300), DType::kF16)[0], kInf);
  EXPECT_EQ(cast_of(scalar(DType::kF64, -1e-300), DType::kBF16)[0], 0);
  EXPECT_TRUE(std::isnan(cast_of(scalar(DType::kF64, kNaN), DType::kF16)[0]));
}

TEST(Cast, ToItsOwnTypeSharesTheMemory) {
  Random random(2);
  const Value x = random_value(DType::kF16, {3, 4}, random), n = random_value(DType::kI64, {3}, random);
  EXPECT_EQ(run(Cast(DType::kF16), {x}).view().data, x.view().data);
  EXPECT_EQ(run(Cast(DType::kDim), {n}).view().data, n.view().data);
  EXPECT_EQ(run(Cast(DType::kDim), {n}).dtype(), DType::kDim);
}

TEST(Cast, BitsDoNotDependOnThreads) {
  Random random(3);
  const Value x = random_value(DType::kF32, {70003}, random);
  for (const DType to : kNumbers) expect_same_bits_for_any_threads(Cast(to), {x});
}

TEST(Select, PicksByElementWithBroadcast) {
  Random random(4);
  for (const DType type : kNumbers) {
    for (int round = 0; round < 60; ++round) {
      const Shape shape = random_shape(random, 0, 4, 0, 6);
      const Value c = random_value(DType::kBool, stretched(shape, random), random);
      const Value a = random_value(type, stretched(shape, random), random);
      const Value b = random_value(type, stretched(shape, random), random);
      const Value out = run(Select(), {c, a, b});
      ASSERT_EQ(out.dtype(), type);
      for_each_index(out.shape(), [&](const Coordinates& at) {
        const auto here = [&](const Value& v) { return offset_of(v.shape(), left_aligned(v.shape(), at)); };
        ASSERT_EQ(number_at(out, offset_of(out.shape(), at)),
                  number_at(c, here(c)) != 0 ? number_at(a, here(a)) : number_at(b, here(b)));
      });
    }
  }
}

TEST(Select, ALiteralTakesTheTypeOfTheOtherBranch) {
  const Value c = numbers(DType::kBool, {2}, {1, 0}), x = numbers(DType::kF16, {2}, {1.5, 2.5});
  const Value out = run(Select(), {c, scalar(DType::kDim, 0), x});
  EXPECT_EQ(out.dtype(), DType::kF16);
  EXPECT_EQ(numbers_of(out), (std::vector<double>{0, 2.5}));
  EXPECT_EQ(numbers_of(run(Select(), {c, x, scalar(DType::kF32, -kInf)})), (std::vector<double>{1.5, -kInf}));
}

TEST(Select, ConditionsAreBool) {
  const Fact x(DType::kF32, {2}), n(DType::kI64, {2});
  expect_mismatch([&] { fact_of(Select(), {n, x, x}); }, {"Select", "i64"});
  expect_mismatch([&] { fact_of(Select(), {Fact(DType::kBool, {2}), x, n}); }, {"f32[2]", "i64[2]"});
}

}  // namespace
}  // namespace kvproof
