// Products of matrices and of batches of them, against plain loops.
#include <tbb/task_arena.h>

#include "engine/ops/tests/product_support.h"

namespace kvproof {
namespace {

const DType kTypes[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF64,
                        DType::kI32, DType::kI8,  DType::kU8,   DType::kI64};

Shape turned(const std::vector<std::int64_t>& batch, std::int64_t rows, std::int64_t columns, bool transposed) {
  Coordinates dims = batch;
  dims.push_back(transposed ? columns : rows);
  dims.push_back(transposed ? rows : columns);
  return Shape(dims);
}

std::vector<double> numbers(const Value& value) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < value.shape().elements(); ++i) all.push_back(number_at(value, i));
  return all;
}

// One product of matrices, by three loops.
void expect_product(const Value& a, bool transpose_a, const Value& b, bool transpose_b, const Value& out) {
  const std::int64_t m = out.shape()[0], n = out.shape()[1], k = a.shape()[transpose_a ? 0 : 1];
  const std::vector<double> x = numbers(a), y = numbers(b), z = numbers(out);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0, magnitude = 0;
      for (std::int64_t t = 0; t < k; ++t) {
        const double term =
            x[std::size_t(transpose_a ? t * m + i : i * k + t)] * y[std::size_t(transpose_b ? j * k + t : t * n + j)];
        sum += term;
        magnitude += std::abs(term);
      }
      ASSERT_NEAR(z[std::size_t(i * n + j)], sum, product_bound(out.dtype(), k, magnitude, sum)) << i << " " << j;
    }
  }
}

// One random product with sizes up to `high`, checked.
void check(DType dtype, bool transpose_a, bool transpose_b, std::int64_t high, Random& random) {
  const std::int64_t m = random.integer(0, high), n = random.integer(0, high), k = random.integer(0, high);
  Coordinates batch_a, batch_b;
  for (std::int64_t i = random.integer(0, 2); i > 0; --i) {
    const std::int64_t size = random.integer(0, 3), kind = random.integer(0, 3);
    batch_a.push_back(kind == 1 ? 1 : size);
    batch_b.push_back(kind == 2 ? 1 : size);
  }
  const Value a = random_factor(dtype, turned(batch_a, m, k, transpose_a), random);
  const Value b = random_factor(dtype, turned(batch_b, k, n, transpose_b), random);
  const Value out = run(MatMul(transpose_a, transpose_b), {a, b});
  const std::string batch = std::string("xy").substr(0, batch_a.size());
  const std::string expr =
      batch + (transpose_a ? "km," : "mk,") + batch + (transpose_b ? "nk->" : "kn->") + batch + "mn";
  expect_einsum(expr, a, &b, out);
}

TEST(MatMul, EqualsPlainLoopsForEveryTypeAndOrder) {
  Random random(1);
  for (int round = 0; round < 600; ++round) {
    const DType dtype = kTypes[round % 8];
    check(dtype, random.integer(0, 1) == 1, random.integer(0, 1) == 1, round < 400 ? 9 : 40, random);
    if (HasFatalFailure()) return;
  }
}

// Several tiles in every direction, none of them full.
TEST(MatMul, EqualsPlainLoopsBeyondOneTile) {
  Random random(2);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kF64, DType::kI32}) {
    for (int order = 0; order < 4; ++order) {
      const bool ta = order % 2 == 1, tb = order > 1;
      const Value a = random_factor(dtype, turned({}, 70, 530, ta), random);
      const Value b = random_factor(dtype, turned({}, 530, 261, tb), random);
      expect_product(a, ta, b, tb, run(MatMul(ta, tb), {a, b}));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(MatMul, OneColumnEqualsPlainLoops) {
  Random random(3);
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kI8}) {
    for (int order = 0; order < 4; ++order) {
      const bool ta = order % 2 == 1, tb = order > 1;
      const Value a = random_factor(dtype, turned({2}, 150, 33, ta), random);
      const Value b = random_factor(dtype, turned({1}, 33, 1, tb), random);
      expect_einsum(std::string(ta ? "xkm," : "xmk,") + (tb ? "xnk->xmn" : "xkn->xmn"), a, &b,
                    run(MatMul(ta, tb), {a, b}));
      if (HasFatalFailure()) return;
    }
  }
}

// Heads of a group share their right factor, as do all rows of a batch with one weight.
TEST(MatMul, GroupsWithOneRightFactorEqualPlainLoops) {
  Random random(7);
  for (const DType dtype : {DType::kF32, DType::kF64}) {
    for (const bool transposed : {false, true}) {
      const Value a = random_factor(dtype, {2, 3, 4, 2, 5}, random);
      const std::string expr = std::string("xyzmk,xyz") + (transposed ? "nk" : "kn") + "->xyzmn";
      for (const Shape& batch : {Shape{2, 3, 1}, Shape{2, 1, 1}, Shape{1, 1, 1}, Shape{1, 3, 4}, Shape{2, 1, 4}}) {
        const Value b = random_factor(dtype, turned({batch[0], batch[1], batch[2]}, 5, 6, transposed), random);
        expect_einsum(expr, a, &b, run(MatMul(false, transposed), {a, b}));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(MatMul, NothingSummedIsZero) {
  Random random(4);
  for (const DType dtype : kTypes) {
    const Value out =
        run(MatMul(false, true), {random_factor(dtype, {2, 0}, random), random_factor(dtype, {3, 0}, random)});
    ASSERT_EQ(out.shape(), Shape({2, 3}));
    for (std::int64_t i = 0; i < 6; ++i) EXPECT_EQ(number_at(out, i), 0);
  }
}

TEST(MatMul, HasTheSameBitsForAnyNumberOfThreads) {
  Random random(5);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kF64}) {
    for (int order = 0; order < 4; ++order) {
      for (const std::int64_t m : {1, 3, 130}) {
        const bool ta = order % 2 == 1, tb = order > 1;
        const Value a = random_factor(dtype, turned({2}, m, 700, ta), random);
        const Value b = random_factor(dtype, turned({2}, 700, 300, tb), random);
        Value one, two;
        tbb::task_arena(1).execute([&] { one = run(MatMul(ta, tb), {a, b}); });
        tbb::task_arena(2).execute([&] { two = run(MatMul(ta, tb), {a, b}); });
        EXPECT_TRUE(same_bytes(one, two)) << name_of(dtype) << " m " << m << " order " << order;
      }
    }
  }
}

TEST(MatMul, ItsShapeKeepsSymbols) {
  const Dim p = Dim::symbol("P"), s = Dim::symbol("S");
  const Fact q(DType::kF32, {1, 8, s, 64}), k(DType::kF32, {1, 8, p + s, 64}), weight(DType::kF32, {1, 1, 64, 100});
  EXPECT_EQ(fact_of(MatMul(false, true), {q, k}).str(), "f32[1,8,S,P + S]");
  EXPECT_EQ(fact_of(MatMul(false, false), {q, weight}).str(), "f32[1,8,S,100]");
  EXPECT_EQ(fact_of(MatMul(true, true), {Fact(DType::kF16, {s, p}), Fact(DType::kF16, {7, s})}).str(), "f16[P,7]");
}

TEST(MatMul, RefusesWhatDoesNotFit) {
  const auto refused = [](const Fact& a, const Fact& b, const std::vector<std::string>& parts) {
    expect_mismatch([&] { fact_of(MatMul(false, false), {a, b}); }, parts);
  };
  refused(Fact(DType::kF32, {2, 3}), Fact(DType::kF32, {4, 5}), {"f32[2,3]", "f32[4,5]", "3 and 4"});
  refused(Fact(DType::kF32, {2, 3}), Fact(DType::kF16, {3, 5}), {"f32[2,3]", "f16[3,5]", "one type"});
  refused(Fact(DType::kF32, {2, 3}), Fact(DType::kF32, {1, 3, 5}), {"equal ranks"});
  refused(Fact(DType::kF32, {3}), Fact(DType::kF32, {3}), {"equal ranks of 2"});
  refused(Fact(DType::kBool, {2, 2}), Fact(DType::kBool, {2, 2}), {"numbers"});
  refused(Fact(DType::kF32, {2, 2, 3}), Fact(DType::kF32, {3, 3, 5}), {"2 and 3"});
}

TEST(MatMul, RefusesInARunWhatOnlyThenDoesNotFit) {
  Random random(6);
  const Value a = random_factor(DType::kF32, {2, 3}, random), b = random_factor(DType::kF32, {4, 5}, random);
  const Dim p = Dim::symbol("P"), s = Dim::symbol("S");
  EXPECT_EQ(fact_of(MatMul(false, false), {Fact(DType::kF32, {2, p}), Fact(DType::kF32, {s, 5})}).str(), "f32[2,5]");
  expect_mismatch([&] { run(MatMul(false, false), {a, b}); }, {"[2,3]", "[4,5]"});
}

TEST(Linear, ReadsAWeightOfAnyFloatingTypeAsItIsStored) {
  Random random(11);
  for (const DType rows : {DType::kF32, DType::kF16, DType::kBF16}) {
    for (const DType stored : {DType::kF32, DType::kF16, DType::kBF16}) {
      const Value x = random_factor(rows, {3, 2, 70}, random), weight = random_factor(stored, {37, 70}, random);
      const Value out = evaluate(Linear(), std::vector<Value>{x, weight}).front();
      ASSERT_EQ(out.dtype(), rows);
      ASSERT_EQ(out.shape(), (Shape{3, 2, 37}));
      expect_product(x.reshaped({6, 70}), false, weight, true, out.reshaped({6, 37}));
    }
  }
}

TEST(Linear, RefusesWhatDoesNotFit) {
  const auto facts = [](const Fact& x, const Fact& weight) {
    return Linear().facts(std::vector<Fact>{x, weight}, Assumptions());
  };
  const Dim s = Dim::symbol("S");
  EXPECT_EQ(facts(Fact(DType::kF32, {1, s, 8}), Fact(DType::kBF16, {5, 8})).front().str(), "f32[1,S,5]");
  EXPECT_THROW(facts(Fact(DType::kF32, {1, s, 8}), Fact(DType::kF32, {8, 5})), Error);
  EXPECT_THROW(facts(Fact(DType::kF32, {1, s, 8}), Fact(DType::kF32, {1, 5, 8})), Error);
  EXPECT_THROW(facts(Fact(DType::kI32, {8}), Fact(DType::kF32, {5, 8})), Error);
}

}  // namespace
}  // namespace kvproof
