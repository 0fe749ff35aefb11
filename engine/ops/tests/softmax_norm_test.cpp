// Softmax, with and without a mask, and the RMS norm against plain loops in f64.
#include "engine/ops/reduce.h"
#include "engine/ops/tests/elementwise_support.h"

namespace kvproof {
namespace {

constexpr DType kFloats[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64};

// Every row along `axes` as indices into the tensor.
std::vector<std::vector<std::int64_t>> rows_of(const Shape& shape, const std::vector<int>& axes) {
  Coordinates dims(shape.dims().begin(), shape.dims().end());
  for (const int axis : axes) dims[std::size_t(axis)] = 1;
  const Shape kept(dims);
  std::vector<std::vector<std::int64_t>> rows(std::size_t(kept.elements()));
  for_each_index(shape, [&](const Coordinates& at) {
    rows[std::size_t(offset_of(kept, left_aligned(kept, at)))].push_back(offset_of(shape, at));
  });
  return rows;
}

std::vector<double> softmax(std::vector<double> x) {
  double max = -kInf, sum = 0;
  for (const double e : x) max = std::max(max, e);
  if (max == -kInf) return std::vector<double>(x.size(), 0);
  for (double& e : x) sum += e = std::exp(e - max);
  for (double& e : x) e /= sum;
  return x;
}

// Units of f32 (f64) of a weight: exp 1.04, sum (its exponentials, n/16 + 16 roundings in a lane and across), division.
double tolerance(double weight, std::size_t n, DType type, double spread) {
  const double units = 1.04 + 1.04 + 0.5 * (double(n) / 4 + 16) + 0.5;
  // x - max is rounded to half a unit of its size.
  const double way = (units + spread / 2) * (type == DType::kF64 ? 0x1p-52 : 0x1p-23);
  return weight * (way + (type == DType::kF32 ? 0 : epsilon_of(type) / 2)) + tiny_of(type);
}

TEST(Softmax, IsTheQuotientOfExponentials) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const DType type = kFloats[round % 4];
    const Value x = random_value(type, random_shape(random, 1, 5, 0, 7), random);
    std::vector<int> axes = {int(random.integer(0, x.shape().rank() - 1))};
    if (round % 3 == 0 && axes[0] + 1 < x.shape().rank()) axes.push_back(axes[0] + 1);
    const Value out = run(Softmax(axes), {x});
    ASSERT_EQ(out.shape(), x.shape());
    ASSERT_EQ(out.dtype(), type);
    for (const auto& row : rows_of(x.shape(), axes)) {
      std::vector<double> elements;
      for (const std::int64_t i : row) elements.push_back(number_at(x, i));
      const std::vector<double> right = softmax(elements);
      for (std::size_t i = 0; i < row.size(); ++i) {
        ASSERT_NEAR(number_at(out, row[i]), right[i], tolerance(right[i], row.size(), type, 4));
      }
    }
  }
}

TEST(Softmax, LargeNumbersDoNotOverflow) {
  const Value out = run(Softmax({0}), {numbers(DType::kF32, {3}, {1e30, 1e30, -1e30})});
  EXPECT_EQ(numbers_of(out), (std::vector<double>{0.5, 0.5, 0}));
}

TEST(Softmax, ARowOfNothingButMinusInfinityGivesZeros) {
  for (const DType type : kFloats) {
    const Value x = numbers(type, {3, 2}, {-kInf, -kInf, -kInf, 4, kNaN, 1});
    const std::vector<double> out = numbers_of(run(Softmax({1}), {x}));
    EXPECT_EQ(out[0] + out[1] + out[2], 0) << name_of(type);
    EXPECT_EQ(out[3], 1);
    EXPECT_TRUE(std::isnan(out[4]) && std::isnan(out[5])) << "NaN is not hidden";
  }
}

TEST(Softmax, TrailingHiddenElementsChangeNoBit) {
  Random random(2);
  const Value shorter = random_value(DType::kF32, {37}, random);
  std::vector<double> elements = numbers_of(shorter);
  elements.resize(53, -kInf);
  const Value longer = run(Softmax({0}), {numbers(DType::kF32, {53}, elements)}), exact = run(Softmax({0}), {shorter});
  for (std::int64_t i = 0; i < 37; ++i) ASSERT_EQ(number_at(longer, i), number_at(exact, i));
}

TEST(ScaledMaskedSoftmax, ScalesAndAddsOrHides) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    const DType type = kFloats[round % 4];
    const Shape shape = random_shape(random, 1, 4, 1, 19);
    const bool hides = round % 2 == 0;
    Coordinates dims(shape.dims().begin(), shape.dims().end());
    for (std::int64_t& dim : dims) dim = random.integer(0, 2) == 0 ? 1 : dim;
    if (hides) dims.erase(dims.begin(), dims.begin() + random.integer(0, shape.rank()));
    const Value x = random_value(type, shape, random);
    const Value mask = random_value(hides ? DType::kBool : type, Shape(dims), random);
    const Value out = run(ScaledMaskedSoftmax(0.5f, round % 3 == 0), {x, mask});
    for (const auto& row : rows_of(shape, {shape.rank() - 1})) {
      std::vector<double> scores;
      for (const std::int64_t i : row) {
        std::int64_t rest = i, at = 0, stride = 1;
        for (int axis = shape.rank() - 1; axis >= shape.rank() - mask.shape().rank(); --axis) {
          const std::int64_t extent = mask.shape()[axis - shape.rank()], index = rest % shape[axis];
          at += extent == 1 ? 0 : index * stride;
          stride *= extent;
          rest /= shape[axis];
        }
        const double m = number_at(mask, at), score = number_at(x, i) * 0.5;
        scores.push_back(hides ? (m != 0 ? score : -kInf) : score + m);
      }
      const std::vector<double> right = softmax(scores);
      for (std::size_t i = 0; i < row.size(); ++i) {
        // Scores below 3 in f32 (half a unit for the sum), else as the softmax.
        ASSERT_NEAR(number_at(out, row[i]), right[i], tolerance(right[i], row.size(), type, 12)) << name_of(type);
      }
    }
  }
}

TEST(ScaledMaskedSoftmax, ARowWithNothingVisibleGivesZeros) {
  const Value x = numbers(DType::kF32, {2, 2}, {1, 2, kNaN, 4});
  for (const bool zero : {false, true}) {
    const Value hidden = run(ScaledMaskedSoftmax(1, zero), {x, numbers(DType::kBool, {2, 2}, {0, 0, 0, 1})});
    EXPECT_EQ(numbers_of(hidden), (std::vector<double>{0, 0, 0, 1}));
    const Value added = run(ScaledMaskedSoftmax(1, zero), {x, numbers(DType::kF32, {2, 1}, {-kInf, 0})});
    EXPECT_EQ(number_at(added, 0) + number_at(added, 1), 0);
  }
}

TEST(ScaledMaskedSoftmax, MasksFit) {
  const Fact x(DType::kF32, {2, Dim::symbol("S"), 4});
  const ScaledMaskedSoftmax op(2, false);
  EXPECT_EQ(fact_of(op, {x, Fact(DType::kBool, {4})}).str(), x.str());
  expect_mismatch([&] { fact_of(op, {x, Fact(DType::kF32, {4})}); }, {"ScaledMaskedSoftmax", "f32[4]"});
  expect_mismatch([&] { fact_of(op, {x, Fact(DType::kBool, {5})}); }, {"bool[5]"});
  expect_mismatch([&] { fact_of(op, {x, Fact(DType::kI64, {2, 1, 4})}); }, {"i64"});
  expect_mismatch([&] { fact_of(ScaledMaskedSoftmax(0, false), {x, Fact(DType::kBool, {4})}); }, {"scale of 0"});
}

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    const DType type = kFloats[round % 4];
    const Value x = random_value(type, random_shape(random, 1, 4, 0, 40), random);
    const int axis = int(random.integer(0, x.shape().rank() - 1));
    const float eps = 1e-3f;
    const Value out = run(RmsNorm(axis, eps), {x});
    for (const auto& row : rows_of(x.shape(), {axis})) {
      double squares = 0;
      for (const std::int64_t i : row) squares += number_at(x, i) * number_at(x, i);
      const double root = std::sqrt(squares / double(row.size()) + double(eps));
      // Squares, n sums (halved by the root), mean, eps, root, quotient, product: below n / 4 + 4 units.
      const double way = (double(row.size()) / 4 + 4) * (type == DType::kF64 ? 0x1p-52 : 0x1p-23);
      for (const std::int64_t i : row) {
        const double right = number_at(x, i) / root;
        ASSERT_NEAR(number_at(out, i), right, std::abs(right) * (way + epsilon_of(type) / 2) + tiny_of(type));
      }
    }
  }
}

TEST(RmsNorm, ARowOfZerosStaysZeros) {
  EXPECT_EQ(numbers_of(run(RmsNorm(0, 1e-6f), {numbers(DType::kF16, {3}, {0, 0, 0})})), (std::vector<double>{0, 0, 0}));
}

TEST(Rows, BitsDoNotDependOnThreads) {
  Random random(5);
  const Value x = random_value(DType::kF32, {7, 61, 203}, random);
  const Value mask = random_value(DType::kBool, {61, 203}, random);
  for (int axis = 0; axis < 3; ++axis) {
    expect_same_bits_for_any_threads(Softmax({axis}), {x});
    expect_same_bits_for_any_threads(RmsNorm(axis, 1e-6f), {x});
  }
  expect_same_bits_for_any_threads(ScaledMaskedSoftmax(0.25f, false), {x, mask});
}

}  // namespace
}  // namespace kvproof
