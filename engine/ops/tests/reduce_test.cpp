// Reductions against plain loops in f64.
#include "engine/ops/reduce.h"

#include <cmath>

#include "engine/ops/tests/elementwise_support.h"

namespace kvproof {
namespace {

constexpr ReduceFn kFunctions[] = {ReduceFn::kSum, ReduceFn::kMean, ReduceFn::kMax, ReduceFn::kMin, ReduceFn::kProduct};
constexpr DType kFloats[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64};
constexpr DType kIntegers[] = {DType::kI8, DType::kU8, DType::kI32, DType::kI64, DType::kU64, DType::kDim};

std::vector<int> some_axes(int rank, Random& random) {
  std::vector<int> axes;
  for (int axis = 0; axis < rank; ++axis) {
    if (random.integer(0, 1)) axes.push_back(axis);
  }
  return axes;
}

// The elements that go into each element of the result.
std::vector<std::vector<double>> rows_of(const Value& x, const std::vector<int>& axes) {
  Coordinates dims(x.shape().dims().begin(), x.shape().dims().end());
  for (const int axis : axes) dims[std::size_t(axis)] = 1;
  const Shape result(dims);
  std::vector<std::vector<double>> rows(std::size_t(result.elements()));
  for_each_index(x.shape(), [&](const Coordinates& at) {
    rows[std::size_t(offset_of(result, left_aligned(result, at)))].push_back(number_at(x, offset_of(x.shape(), at)));
  });
  return rows;
}

double right(ReduceFn fn, const std::vector<double>& row) {
  double sum = 0, product = 1;
  for (const double x : row) sum += x, product *= x;
  switch (fn) {
    case ReduceFn::kSum:
      return sum;
    case ReduceFn::kMean:
      return sum / double(row.size());
    case ReduceFn::kMax:
      return *std::max_element(row.begin(), row.end());
    case ReduceFn::kMin:
      return *std::min_element(row.begin(), row.end());
    case ReduceFn::kProduct:
      return product;
  }
  return kNaN;
}

TEST(Reduce, FloatsAreSummedInF32AndRoundedOnce) {
  Random random(1);
  for (int round = 0; round < 400; ++round) {
    const DType type = kFloats[round % 4];
    const Value x = random_value(type, random_shape(random, 0, 5, 1, 7), random);
    const std::vector<int> axes = some_axes(x.shape().rank(), random);
    const auto rows = rows_of(x, axes);
    for (const ReduceFn fn : kFunctions) {
      const Value out = run(Reduce(fn, axes), {x});
      ASSERT_EQ(out.dtype(), type);
      ASSERT_EQ(out.shape().elements(), std::int64_t(rows.size()));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double expected = right(fn, rows[i]), n = double(rows[i].size());
        double scale = 0;
        for (const double e : rows[i]) scale += std::abs(e);
        if (fn != ReduceFn::kSum && fn != ReduceFn::kMean) scale = std::abs(expected);
        if (fn == ReduceFn::kMean) scale /= n;
        // n roundings of half a unit on the way, and the last one.
        const double way = n * (type == DType::kF64 ? 0x1p-53 : 0x1p-24);
        const double last = epsilon_of(type) / 2 * std::max(std::abs(expected), tiny_of(type));
        if (!std::isfinite(number_at(out, std::int64_t(i)))) continue;  // a product beyond f16
        ASSERT_NEAR(number_at(out, std::int64_t(i)), expected, scale * way + last)
            << Reduce(fn, axes).name() << name_of(type) << x.shape().str();
      }
    }
  }
}

TEST(Reduce, IntegersAreExact) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    const DType type = kIntegers[round % 6];
    const Value x = random_value(type, random_shape(random, 0, 3, 1, 3), random);
    const std::vector<int> axes = some_axes(x.shape().rank(), random);
    const auto rows = rows_of(x, axes);
    for (const ReduceFn fn : kFunctions) {
      const Value out = run(Reduce(fn, axes), {x});
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double expected = std::trunc(right(fn, rows[i]));
        if (size_of(type) == 1 && std::abs(expected) > 100) continue;  // it wraps
        ASSERT_EQ(number_at(out, std::int64_t(i)), expected) << Reduce(fn, axes).name() << name_of(type);
      }
    }
  }
}

TEST(Reduce, LongRowsKeepTheirLastBits) {
  // 2^24 + 2^12 ones: one running sum in f32 would stop at 2^24; 16 lanes get there exactly.
  const std::int64_t n = (1 << 24) + (1 << 12);
  Tensor ones(DType::kF32, {n});
  std::fill_n(ones.as<float>(), n, 1.f);
  EXPECT_EQ(number_at(run(Reduce(ReduceFn::kSum, {0}), {std::move(ones)}), 0), double(n));
}

TEST(Reduce, NothingSumsToZeroAndMultipliesToOne) {
  const Value nothing = Tensor(DType::kF32, {2, 0});
  EXPECT_EQ(numbers_of(run(Reduce(ReduceFn::kSum, {1}), {nothing})), (std::vector<double>{0, 0}));
  EXPECT_EQ(numbers_of(run(Reduce(ReduceFn::kProduct, {1}), {nothing})), (std::vector<double>{1, 1}));
  EXPECT_TRUE(std::isnan(number_at(run(Reduce(ReduceFn::kMean, {1}), {nothing}), 0)));
  expect_mismatch([&] { run(Reduce(ReduceFn::kMax, {1}), {nothing}); }, {"MaxReduce", "[2,0]"});
  expect_mismatch([] { run(Reduce(ReduceFn::kMean, {0}), {Tensor(DType::kI64, {0})}); }, {"MeanReduce", "[0]"});
  EXPECT_EQ(run(Reduce(ReduceFn::kMax, {0}), {nothing}).shape(), (Shape{1, 0})) << "no row, nothing to refuse";
}

TEST(Reduce, ExtremesShowNaN) {
  for (const DType type : kFloats) {
    const Value x = numbers(type, {2, 3}, {1, kNaN, 2, -kInf, 5, kInf});
    EXPECT_TRUE(std::isnan(number_at(run(Reduce(ReduceFn::kMax, {1}), {x}), 0)));
    EXPECT_TRUE(std::isnan(number_at(run(Reduce(ReduceFn::kMin, {1}), {x}), 0)));
    EXPECT_EQ(number_at(run(Reduce(ReduceFn::kMax, {1}), {x}), 1), kInf);
    EXPECT_EQ(number_at(run(Reduce(ReduceFn::kMin, {1}), {x}), 1), -kInf);
  }
}

TEST(Reduce, ExtremesOfBoolAreAnyAndAll) {
  const Value x = numbers(DType::kBool, {2, 2}, {0, 1, 1, 1});
  EXPECT_EQ(numbers_of(run(Reduce(ReduceFn::kMax, {1}), {x})), (std::vector<double>{1, 1}));
  EXPECT_EQ(numbers_of(run(Reduce(ReduceFn::kMin, {1}), {x})), (std::vector<double>{0, 1}));
  expect_mismatch([&] { run(Reduce(ReduceFn::kSum, {1}), {x}); }, {"SumReduce", "bool"});
}

TEST(Reduce, AxesAreAscendingAndThere) {
  const Fact x(DType::kF32, {2, Dim::symbol("S"), 4});
  EXPECT_EQ(fact_of(Reduce(ReduceFn::kSum, {0, 2}), {x}).str(), "f32[1,S,1]");
  EXPECT_EQ(Reduce(ReduceFn::kSum, {0, 2}).attributes(), "axes = [0,2]");
  expect_mismatch([&] { fact_of(Reduce(ReduceFn::kSum, {3}), {x}); }, {"SumReduce", "axis 3"});
  expect_mismatch([&] { fact_of(Reduce(ReduceFn::kSum, {1, 1}), {x}); }, {"ascending"});
  expect_mismatch([&] { fact_of(Reduce(ReduceFn::kSum, {2, 1}), {x}); }, {"ascending"});
}

TEST(Reduce, BitsDoNotDependOnThreads) {
  Random random(3);
  const Value x = random_value(DType::kF32, {41, 63, 37}, random);
  for (const ReduceFn fn : kFunctions) {
    expect_same_bits_for_any_threads(Reduce(fn, {2}), {x});
    expect_same_bits_for_any_threads(Reduce(fn, {0, 2}), {x});
    expect_same_bits_for_any_threads(Reduce(fn, {0}), {x});
  }
}

}  // namespace
}  // namespace kvproof
