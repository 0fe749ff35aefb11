// Operators of one element against the functions of f64.
#include "engine/ops/elementwise.h"
#include "engine/ops/tests/elementwise_support.h"

namespace kvproof {
namespace {

double gelu(double x, double power) {
  return x / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (x + 0.044715 * power)));  // (1 + tanh u) / 2 = 1 / (1 + e^-2u)
}

struct Function {
  UnaryFn fn;
  double (*right)(double);
  double low, high;
  double units;  // of the f32 result: what the functions of exponential.h state, or 1 for those of the C library
};

const Function kFunctions[] = {
    {UnaryFn::kNeg, [](double x) { return -x; }, -1e4, 1e4, 0},
    {UnaryFn::kAbs, [](double x) { return std::abs(x); }, -1e4, 1e4, 0},
    {UnaryFn::kSign, [](double x) { return double((x > 0) - (x < 0)); }, -2, 2, 0},
    {UnaryFn::kSqr, [](double x) { return x * x; }, -200, 200, 0.5},
    {UnaryFn::kSqrt, [](double x) { return std::sqrt(x); }, 0, 1e4, 0.5},
    {UnaryFn::kRsqrt, [](double x) { return 1 / std::sqrt(x); }, 1e-3, 1e4, 1.5},
    {UnaryFn::kRecip, [](double x) { return 1 / x; }, 1e-3, 1e4, 0.5},
    {UnaryFn::kExp, [](double x) { return std::exp(x); }, -9, 9, 1.03},
    {UnaryFn::kLn, [](double x) { return std::log(x); }, 1e-3, 1e4, 1},
    {UnaryFn::kSin, [](double x) { return std::sin(x); }, -1e4, 1e4, 1},
    {UnaryFn::kCos, [](double x) { return std::cos(x); }, -1e4, 1e4, 1},
    {UnaryFn::kTanh, [](double x) { return std::tanh(x); }, -12, 12, 2.5},
    {UnaryFn::kErf, [](double x) { return std::erf(x); }, -4, 4, 1},
    {UnaryFn::kSigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -9, 9, 2.4},
    {UnaryFn::kSilu, [](double x) { return x / (1 + std::exp(-x)); }, -9, 9, 3},
    {UnaryFn::kFloor, [](double x) { return std::floor(x); }, -9, 9, 0},
    {UnaryFn::kCeil, [](double x) { return std::ceil(x); }, -9, 9, 0},
    {UnaryFn::kRound, [](double x) { return std::round(x); }, -9, 9, 0},
};
constexpr DType kFloats[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64};

Value uniform(DType type, const Shape& shape, double low, double high, Random& random) {
  std::vector<double> elements(std::size_t(shape.elements()));
  for (double& x : elements) x = low + (high - low) * random.uniform();
  return numbers(type, shape, elements);
}

TEST(Unary, FunctionsAreWithinTheirUnits) {
  Random random(1);
  for (const Function& f : kFunctions) {
    for (const DType type : kFloats) {
      for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{1023}, Shape{3, 5, 1025}}) {
        const Value x = uniform(type, shape, f.low, f.high, random), y = run(Unary(f.fn), {x});
        ASSERT_EQ(y.shape(), shape);
        ASSERT_EQ(y.dtype(), type);
        // f64 comes from the same library as what it is compared with: 3 units for the few operations around it.
        const double units = type == DType::kF64 ? 3 * 0x1p-52 : f.units * 0x1p-23;
        const double rounding = is_float(type) && type != DType::kF32 ? epsilon_of(type) / 2 : 0;
        for (std::int64_t i = 0; i < shape.elements(); ++i) {
          const double right = f.right(number_at(x, i)), size = std::max(std::abs(right), tiny_of(type));
          ASSERT_NEAR(number_at(y, i), right, size * (units + rounding)) << Unary(f.fn).name() << number_at(x, i);
        }
      }
    }
  }
}

TEST(Unary, GeluIsTheTanhFormWithACubeOrASquare) {
  Random random(2);
  for (const bool fast : {false, true}) {
    const Unary op(fast ? UnaryFn::kGeluApproxFast : UnaryFn::kGeluApprox);
    EXPECT_EQ(op.name(), "GeluApproximate");
    const Value x = uniform(DType::kF32, {4000}, -6, 6, random), y = run(op, {x});
    for (std::int64_t i = 0; i < 4000; ++i) {
      const double at = number_at(x, i), right = gelu(at, fast ? at * at : at * at * at);
      // The argument u of the sigmoid (3 units) moves it by u e units at most; 3 more for the sigmoid and the product.
      const double u = 1.6 * std::abs(at) * (1 + 0.044715 * at * at);
      ASSERT_NEAR(number_at(y, i), right, std::abs(right) * (3 * u + 3) * 0x1p-23 + 1e-300) << at;
    }
  }
  EXPECT_NE(Unary(UnaryFn::kGeluApprox).attributes(), Unary(UnaryFn::kGeluApproxFast).attributes());
}

TEST(Unary, LimitsAreThoseOfTheFunctions) {
  const Value x = numbers(DType::kF32, {6}, {-kInf, -200, -0., 200, kInf, kNaN});
  const auto expect = [&](UnaryFn fn, const std::vector<double>& right) {
    const std::vector<double> y = numbers_of(run(Unary(fn), {x}));
    for (std::size_t i = 0; i < right.size(); ++i) {
      EXPECT_TRUE(equal_or_nan(y[i], right[i]))
          << Unary(fn).name() << " of " << number_at(x, std::int64_t(i)) << " is " << y[i];
    }
  };
  expect(UnaryFn::kExp, {0, 0, 1, kInf, kInf, kNaN});
  expect(UnaryFn::kSigmoid, {0, 0, 0.5, 1, 1, kNaN});
  expect(UnaryFn::kTanh, {-1, -1, 0, 1, 1, kNaN});
  expect(UnaryFn::kSign, {-1, -1, 0, 1, 1, kNaN});
  expect(UnaryFn::kErf, {-1, -1, 0, 1, 1, kNaN});
  expect(UnaryFn::kSqr, {kInf, 40000, 0, 40000, kInf, kNaN});
}

TEST(Unary, AnElementHasTheSameBitsWhereverItStands) {
  Random random(3);
  const Value many = uniform(DType::kF32, {1031}, -9, 9, random);
  for (const UnaryFn fn : {UnaryFn::kExp, UnaryFn::kTanh, UnaryFn::kSilu, UnaryFn::kGeluApprox, UnaryFn::kSin}) {
    const Value all = run(Unary(fn), {many});
    for (std::int64_t i = 0; i < 1031; i += 13) {
      const Value one = run(Unary(fn), {scalar(DType::kF32, number_at(many, i))});
      ASSERT_EQ(number_at(one, 0), number_at(all, i)) << Unary(fn).name();
    }
  }
}

TEST(Unary, IntegersStayIntegers) {
  const Value n = integers(DType::kI16, {4}, {-32768, -3, 0, 5});
  EXPECT_EQ(numbers_of(run(Unary(UnaryFn::kNeg), {n})), (std::vector<double>{-32768, 3, 0, -5}));
  EXPECT_EQ(numbers_of(run(Unary(UnaryFn::kAbs), {n})), (std::vector<double>{-32768, 3, 0, 5}));
  EXPECT_EQ(numbers_of(run(Unary(UnaryFn::kSign), {n})), (std::vector<double>{-1, -1, 0, 1}));
  EXPECT_EQ(numbers_of(run(Unary(UnaryFn::kSqr), {n})), (std::vector<double>{0, 9, 0, 25}));
  EXPECT_TRUE(same_bytes(run(Unary(UnaryFn::kRound), {n}), n));
  expect_mismatch([&] { run(Unary(UnaryFn::kExp), {n}); }, {"Exp", "i16"});
}

TEST(Unary, NotIsOfBool) {
  EXPECT_EQ(numbers_of(run(Unary(UnaryFn::kNot), {numbers(DType::kBool, {2}, {0, 1})})), (std::vector<double>{1, 0}));
  expect_mismatch([] { run(Unary(UnaryFn::kNot), {scalar(DType::kI64, 1)}); }, {"Not", "i64"});
  expect_mismatch([] { run(Unary(UnaryFn::kNeg), {scalar(DType::kBool, 1)}); }, {"Neg", "bool"});
}

TEST(Unary, BitsDoNotDependOnThreads) {
  Random random(4);
  const Value x = uniform(DType::kF32, {70001}, 0.1, 9, random), half = uniform(DType::kBF16, {70001}, 0.1, 9, random);
  for (const Function& f : kFunctions) {
    expect_same_bits_for_any_threads(Unary(f.fn), {x});
    expect_same_bits_for_any_threads(Unary(f.fn), {half});
  }
}

}  // namespace
}  // namespace kvproof
