// Operators of two elements against plain loops in f64.
#include "engine/ops/elementwise.h"
#include "engine/ops/tests/elementwise_support.h"

namespace kvproof {
namespace {

double right(BinaryFn fn, double a, double b) {
  switch (fn) {
    case BinaryFn::kAdd:
      return a + b;
    case BinaryFn::kSub:
      return a - b;
    case BinaryFn::kMul:
      return a * b;
    case BinaryFn::kDiv:
      return a / b;
    case BinaryFn::kPow:
      return std::pow(a, b);
    case BinaryFn::kMin:
      return a < b ? a : b;
    case BinaryFn::kMax:
      return a > b ? a : b;
    case BinaryFn::kEq:
      return a == b;
    case BinaryFn::kNe:
      return a != b;
    case BinaryFn::kLt:
      return a < b;
    case BinaryFn::kLe:
      return a <= b;
    case BinaryFn::kGt:
      return a > b;
    case BinaryFn::kGe:
      return a >= b;
    case BinaryFn::kAnd:
      return a != 0 && b != 0;
    case BinaryFn::kOr:
      return a != 0 || b != 0;
  }
  return kNaN;
}

constexpr BinaryFn kArithmetic[] = {BinaryFn::kAdd, BinaryFn::kSub, BinaryFn::kMul, BinaryFn::kDiv,
                                    BinaryFn::kPow, BinaryFn::kMin, BinaryFn::kMax};
constexpr BinaryFn kComparisons[] = {BinaryFn::kEq, BinaryFn::kNe, BinaryFn::kLt,
                                     BinaryFn::kLe, BinaryFn::kGt, BinaryFn::kGe};
constexpr DType kFloats[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64};
constexpr DType kIntegers[] = {DType::kI8,  DType::kU8,  DType::kI16, DType::kU16, DType::kI32,
                               DType::kU32, DType::kI64, DType::kU64, DType::kDim};

// Calls check(operand, operand, result) with elements as f64, for operands of random shapes.
void for_each_element(BinaryFn fn, DType type, Random& random,
                      const std::function<void(double, double, double)>& check) {
  const Shape shape = random_shape(random, 0, 5, 0, 6);
  const Value a = random_value(type, stretched(shape, random), random);
  const Value b = random_value(type, stretched(shape, random), random);
  const Value out = run(Binary(fn), {a, b});
  ASSERT_EQ(out.shape().rank(), std::max(a.shape().rank(), b.shape().rank()));
  for_each_index(out.shape(), [&](const Coordinates& at) {
    check(number_at(a, offset_of(a.shape(), left_aligned(a.shape(), at))),
          number_at(b, offset_of(b.shape(), left_aligned(b.shape(), at))), number_at(out, offset_of(out.shape(), at)));
  });
}

TEST(Binary, FloatsAreRoundedOnce) {
  Random random(1);
  for (const BinaryFn fn : kArithmetic) {
    for (const DType type : kFloats) {
      for (int round = 0; round < 40; ++round) {
        for_each_element(fn, type, random, [&](double a, double b, double result) {
          const double expected = right(fn, a, b);
          if (!std::isfinite(expected)) {
            ASSERT_TRUE(equal_or_nan(result, expected)) << Binary(fn).name() << a << " " << b;
            return;
          }
          // Half a unit for the rounding to the type; pow and the step through f32 add at most 1 of f32 (f64: of f64).
          const double unit = std::max(std::abs(expected), tiny_of(type));
          const double through = epsilon_of(type == DType::kF64 ? type : DType::kF32);
          ASSERT_NEAR(result, expected, unit * (epsilon_of(type) / 2 + through)) << Binary(fn).name() << a << " " << b;
        });
      }
    }
  }
}

TEST(Binary, IntegersAreExact) {
  Random random(2);
  for (const BinaryFn fn : kArithmetic) {
    if (fn == BinaryFn::kDiv || fn == BinaryFn::kPow) continue;
    for (const DType type : kIntegers) {
      for_each_element(fn, type, random, [&](double a, double b, double result) {
        const double expected = right(fn, a, b);
        if (expected < 0 && number_at(integers(type, {}, {-1}), 0) > 0) return;  // without sign it wraps
        ASSERT_EQ(result, expected) << Binary(fn).name() << " " << name_of(type);
      });
    }
  }
}

TEST(Binary, ComparisonsGiveBoolOfEveryType) {
  Random random(3);
  for (const BinaryFn fn : kComparisons) {
    for (const auto& types : {std::span<const DType>(kFloats), std::span<const DType>(kIntegers)}) {
      for (const DType type : types) {
        for_each_element(fn, type, random, [&](double a, double b, double result) {
          ASSERT_EQ(result, right(fn, a, b)) << Binary(fn).name() << " " << name_of(type);
        });
      }
    }
  }
}

TEST(Binary, LogicTakesAndGivesBool) {
  Random random(4);
  for (const BinaryFn fn : {BinaryFn::kAnd, BinaryFn::kOr, BinaryFn::kEq, BinaryFn::kNe}) {
    for_each_element(fn, DType::kBool, random,
                     [&](double a, double b, double result) { ASSERT_EQ(result, right(fn, a, b)); });
  }
  expect_mismatch([] { run(Binary(BinaryFn::kAnd), {scalar(DType::kI64, 1), scalar(DType::kI64, 1)}); },
                  {"And", "i64"});
  expect_mismatch([] { run(Binary(BinaryFn::kAdd), {scalar(DType::kBool, 1), scalar(DType::kBool, 1)}); }, {"bool"});
}

TEST(Binary, ShapesAreAlignedOnTheLeft) {
  struct Case {
    Shape a, b, result;
  };
  const Case cases[] = {{{2, 3}, {2}, {2, 3}},       {{2, 3}, {1, 3}, {2, 3}},
                        {{2}, {2, 1, 4}, {2, 1, 4}}, {{}, {5}, {5}},
                        {{2, 1}, {1, 3}, {2, 3}},    {{4, 1, 3}, {1, 2}, {4, 2, 3}},
                        {{0, 3}, {1, 3}, {0, 3}},    {{1}, {0}, {0}},
                        {{1, 1}, {1}, {1, 1}},       {{2, 2, 2, 2}, {2, 1, 2}, {2, 2, 2, 2}}};
  Random random(5);
  for (const Case& c : cases) {
    const Value a = random_value(DType::kF32, c.a, random), b = random_value(DType::kF32, c.b, random);
    const Value out = run(Binary(BinaryFn::kSub), {a, b});
    ASSERT_EQ(out.shape(), c.result) << c.a.str() << c.b.str();
    for_each_index(c.result, [&](const Coordinates& at) {
      const double x = number_at(a, offset_of(c.a, left_aligned(c.a, at)));
      ASSERT_EQ(number_at(out, offset_of(c.result, at)), x - number_at(b, offset_of(c.b, left_aligned(c.b, at))));
    });
  }
  expect_mismatch(
      [&] {
        run(Binary(BinaryFn::kAdd),
            {random_value(DType::kF32, {2, 3}, random), random_value(DType::kF32, {3}, random)});
      },
      {"Add", "[2,3]", "[3]", "axis 0"});
}

TEST(Binary, IntegerDivisionGoesTowardsZeroAndRefusesZero) {
  const Value a = integers(DType::kI32, {4}, {7, -7, 7, -7}), b = integers(DType::kI32, {4}, {2, 2, -2, -2});
  EXPECT_EQ(numbers_of(run(Binary(BinaryFn::kDiv), {a, b})), (std::vector<double>{3, -3, -3, 3}));
  expect_mismatch([&] { run(Binary(BinaryFn::kDiv), {a, integers(DType::kI32, {4}, {1, 1, 0, 1})}); }, {"Div", "zero"});
  expect_mismatch([] { run(Binary(BinaryFn::kDiv), {scalar(DType::kDim, 3), scalar(DType::kDim, 0)}); }, {"3", "zero"});
  const auto lowest = std::numeric_limits<std::int64_t>::min();
  const Value wrapped =
      run(Binary(BinaryFn::kDiv), {integers(DType::kI64, {2}, {lowest, lowest}), integers(DType::kI64, {2}, {-1, 1})});
  EXPECT_EQ(wrapped.as<std::int64_t>()[0], lowest);  // the only quotient that 64 bits do not hold wraps
}

TEST(Binary, IntegerPowersAreExactAndRefuseNegativeExponents) {
  const Value base = integers(DType::kI64, {4}, {3, -2, 0, 10}), exponent = integers(DType::kI64, {4}, {4, 3, 0, 18});
  EXPECT_EQ(numbers_of(run(Binary(BinaryFn::kPow), {base, exponent})), (std::vector<double>{81, -8, 1, 1e18}));
  expect_mismatch([&] { run(Binary(BinaryFn::kPow), {base, integers(DType::kI64, {4}, {1, 1, -1, 1})}); }, {"-1"});
}

TEST(Binary, IntegersWrap) {
  const Value a = integers(DType::kI8, {3}, {127, -128, 100}), b = integers(DType::kI8, {3}, {1, -1, 100});
  EXPECT_EQ(numbers_of(run(Binary(BinaryFn::kAdd), {a, b})), (std::vector<double>{-128, 127, -56}));
  const auto largest = std::numeric_limits<std::int64_t>::max();
  const Value c = integers(DType::kI64, {1}, {largest});
  EXPECT_EQ(run(Binary(BinaryFn::kAdd), {c, c}).as<std::int64_t>()[0], -2);
}

TEST(Binary, MinAndMaxGiveNaNWhereEitherIs) {
  for (const DType type : kFloats) {
    const Value a = numbers(type, {4}, {kNaN, 1, 2, -kInf}), b = numbers(type, {4}, {1, kNaN, 3, kInf});
    for (const BinaryFn fn : {BinaryFn::kMin, BinaryFn::kMax}) {
      const std::vector<double> out = numbers_of(run(Binary(fn), {a, b}));
      EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1])) << name_of(type);
      EXPECT_EQ(out[2], fn == BinaryFn::kMin ? 2 : 3);
      EXPECT_EQ(out[3], fn == BinaryFn::kMin ? -kInf : kInf);
    }
  }
}

TEST(Binary, AConstantScalarTakesTheTypeOfTheOther) {
  const Value x = numbers(DType::kF32, {2}, {0.5, -3}), half = numbers(DType::kF16, {2}, {0.5, -3});
  const Value doubled = run(Binary(BinaryFn::kMul), {x, scalar(DType::kDim, 2)});
  EXPECT_EQ(doubled.dtype(), DType::kF32);
  EXPECT_EQ(numbers_of(doubled), (std::vector<double>{1, -6}));
  EXPECT_EQ(run(Binary(BinaryFn::kSub), {scalar(DType::kF64, 1), half}).dtype(), DType::kF16);
  EXPECT_EQ(numbers_of(run(Binary(BinaryFn::kLt), {x, scalar(DType::kDim, 0)})), (std::vector<double>{0, 1}));
  const Value n = integers(DType::kI32, {2}, {7, 8});
  EXPECT_EQ(numbers_of(run(Binary(BinaryFn::kMul), {n, scalar(DType::kF32, 3)})), (std::vector<double>{21, 24}));
  expect_mismatch([&] { run(Binary(BinaryFn::kMul), {n, scalar(DType::kF32, 0.5)}); }, {"f32", "i32", "fraction"});
  expect_mismatch([&] { run(Binary(BinaryFn::kMul), {integers(DType::kU8, {2}, {1, 2}), scalar(DType::kI64, 300)}); },
                  {"u8", "300"});
}

TEST(Binary, OtherTypesDoNotMix) {
  const Fact x(DType::kF32, {4}), n(DType::kDim, {4}), one(DType::kDim, {});
  const Binary add(BinaryFn::kAdd);
  expect_mismatch([&] { fact_of(add, {x, n}); }, {"Add", "f32[4]", "tdim[4]"});
  expect_mismatch([&] { fact_of(add, {x, one}); }, {"tdim[]"});
  expect_mismatch([&] { fact_of(add, {x, Fact(DType::kF16, {4})}); }, {"f16[4]"});
  EXPECT_EQ(fact_of(add, {x, Fact::of_dims(DType::kDim, {}, {Dim::symbol("P")})}).dtype, DType::kF32);
}

TEST(Binary, CountersAndDimensionsGoTogether) {
  const Value a = integers(DType::kI64, {2}, {1, 2}), b = integers(DType::kDim, {2}, {3, 1});
  const Value sum = run(Binary(BinaryFn::kAdd), {a, b});
  EXPECT_EQ(sum.dtype(), DType::kDim);
  EXPECT_EQ(numbers_of(sum), (std::vector<double>{4, 3}));
  EXPECT_EQ(numbers_of(run(Binary(BinaryFn::kLt), {a, b})), (std::vector<double>{1, 0}));
}

TEST(Binary, ARunThatFindsAnotherShapeIsRefused) {
  const Fact x(DType::kF32, {Dim::symbol("P")}), y(DType::kF32, {Dim::symbol("S")});
  const Binary add(BinaryFn::kAdd);
  const std::vector<Fact> outputs = {fact_of(add, {x, y})};
  const Bindings symbols = {{"P", 2}, {"S", 3}};
  Workspace workspace;
  Evaluation evaluation(symbols, outputs, workspace);
  const std::vector<Value> inputs = {numbers(DType::kF32, {2}, {1, 2}), numbers(DType::kF32, {3}, {1, 2, 3})};
  expect_mismatch([&] { add.eval(inputs, evaluation); }, {"Add", "[2]", "[3]"});
}

TEST(Binary, BitsDoNotDependOnThreads) {
  Random random(6);
  const Value big = random_value(DType::kF32, {3, 77, 301}, random),
              row = random_value(DType::kF32, {1, 1, 301}, random);
  const Value column = random_value(DType::kF32, {3, 77}, random);
  for (const BinaryFn fn : kArithmetic) {
    expect_same_bits_for_any_threads(Binary(fn), {big, row});
    expect_same_bits_for_any_threads(Binary(fn), {column, big});
  }
}

}  // namespace
}  // namespace kvproof
