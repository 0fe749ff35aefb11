// What facts tell of elements: expressions over symbols, decided comparisons, folded constants.
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/tests/elementwise_support.h"

namespace kvproof {
namespace {

const Dim kP = Dim::symbol("P"), kS = Dim::symbol("S");

Assumptions sizes() {
  Assumptions known;
  known.at_least(kP, 0);
  known.at_least(kS, 0);
  return known;
}

Fact dims(std::vector<Dim> values, DType type = DType::kDim) {
  const Shape shape = {std::int64_t(values.size())};
  return Fact::of_dims(type, shape, std::move(values));
}
Fact literal(DType type, double value) { return Fact(Constant(Tensor(scalar(type, value).view()))); }

std::string known_of(BinaryFn fn, const Fact& a, const Fact& b) { return known(fact_of(Binary(fn), {a, b}, sizes())); }

TEST(KnownElements, ArithmeticWorksOnExpressions) {
  const Fact p = dims({kP, kS}), two = literal(DType::kDim, 2);
  EXPECT_EQ(known_of(BinaryFn::kAdd, p, dims({kS, 1})), "[P + S,S + 1]");
  EXPECT_EQ(known_of(BinaryFn::kSub, p, two), "[P - 2,S - 2]");
  EXPECT_EQ(known_of(BinaryFn::kMul, two, p), "[2*P,2*S]");
  EXPECT_EQ(known_of(BinaryFn::kDiv, dims({kP * 4, 7}), two), "[2*P,3]");
  EXPECT_EQ(known_of(BinaryFn::kPow, p, two), known_of(BinaryFn::kMul, p, p));
  EXPECT_EQ(known_of(BinaryFn::kAdd, dims({kP}, DType::kI64), p), "[2*P,P + S]");
  EXPECT_EQ(known(fact_of(Unary(UnaryFn::kNeg), {p})), "[-1*P,-1*S]");
  EXPECT_EQ(known(fact_of(Unary(UnaryFn::kAbs), {p}, sizes())), "[P,S]");
}

TEST(KnownElements, FloatingLiteralsThatAreIntegersCount) {
  EXPECT_EQ(known_of(BinaryFn::kMul, dims({kP, kS}), literal(DType::kF32, 3)), "[3*P,3*S]");
}

TEST(KnownElements, TypesStayWhenSymbolsAreBound) {
  const Fact half(DType::kF16, {1}), bound = literal(DType::kF16, 8), one = literal(DType::kF32, 0.5);
  for (const BinaryFn fn : {BinaryFn::kMul, BinaryFn::kLt}) {
    EXPECT_EQ(fact_of(Binary(fn), {half, one}).dtype, fact_of(Binary(fn), {bound, one}).dtype);
    EXPECT_EQ(fact_of(Binary(fn), {one, half}).dtype, fact_of(Binary(fn), {one, bound}).dtype);
  }
  EXPECT_EQ(fact_of(Binary(BinaryFn::kMul), {bound, one}).dtype, DType::kF16);
  EXPECT_EQ(fact_of(Binary(BinaryFn::kMul), {dims({kP}), one}).dtype, DType::kF32);
}

TEST(KnownElements, ComparisonsAreDecidedWhereAssumptionsDo) {
  const Fact p = dims({kP}), both = dims({kP + kS}), zero = literal(DType::kDim, 0);
  EXPECT_EQ(known_of(BinaryFn::kGe, p, zero), "[1]");
  EXPECT_EQ(known_of(BinaryFn::kLt, p, zero), "[0]");
  EXPECT_EQ(known_of(BinaryFn::kGe, both, p), "[1]");
  EXPECT_EQ(known_of(BinaryFn::kGt, dims({kP + kS + 1}), p), "[1]");
  EXPECT_EQ(known_of(BinaryFn::kLe, p, both), "[1]");
  EXPECT_EQ(known_of(BinaryFn::kEq, p, p), "[1]");
  EXPECT_EQ(known_of(BinaryFn::kNe, p, dims({kP + 1})), "[1]");
  EXPECT_EQ(known_of(BinaryFn::kEq, p, literal(DType::kDim, -1)), "[0]");
  EXPECT_EQ(known_of(BinaryFn::kGt, p, zero), "unknown");
  EXPECT_EQ(known_of(BinaryFn::kEq, p, dims({kS})), "unknown");
  EXPECT_EQ(known_of(BinaryFn::kGe, dims({kP, kP}), dims({0, kS})), "unknown") << "all or none";
}

TEST(KnownElements, MinAndMaxUseAssumptions) {
  const Fact p = dims({kP}), both = dims({kP + kS}), zero = literal(DType::kDim, 0);
  EXPECT_EQ(known_of(BinaryFn::kMax, zero, p), "[P]");
  EXPECT_EQ(known_of(BinaryFn::kMin, p, both), "[P]");
  EXPECT_EQ(known_of(BinaryFn::kMax, p, both), "[P + S]");
  const Fact before = dims({max(0, kP - 1)});
  EXPECT_EQ(known_of(BinaryFn::kMin, before, p), "[" + max(0, kP - 1).str() + "]");
  EXPECT_EQ(known_of(BinaryFn::kGe, dims({min(kP, kS)}), zero), "[1]");
  EXPECT_EQ(known_of(BinaryFn::kMin, p, dims({kS})), "[" + min(kP, kS).str() + "]");
}

TEST(KnownElements, TheLargestIntegerIsBeyondEverySize) {
  const Fact end = dims({std::numeric_limits<std::int64_t>::max()}), size = dims({kP + kS});
  EXPECT_EQ(known_of(BinaryFn::kMin, end, size), "[P + S]");
  EXPECT_EQ(known_of(BinaryFn::kGe, end, size), "[1]");
  EXPECT_EQ(known_of(BinaryFn::kLt, end, size), "[0]");
}

TEST(KnownElements, WhatLeaves64BitsIsNoExpression) {
  const Fact largest = dims({std::numeric_limits<std::int64_t>::max()}, DType::kI64);
  const Fact sum = fact_of(Binary(BinaryFn::kAdd), {largest, largest});
  EXPECT_EQ(number_at(sum.constant->tensor(), 0), -2) << "it wraps there";
  const Fact wide = dims({std::numeric_limits<std::int64_t>::max(), 2});
  EXPECT_EQ(known(fact_of(Reduce(ReduceFn::kProduct, {0}), {wide})), "unknown");
}

TEST(KnownElements, NarrowTypesHoldWhatFits) {
  EXPECT_EQ(known(fact_of(Cast(DType::kI32), {dims({kP, 3})}, sizes())), "[P,3]");
  EXPECT_EQ(known(fact_of(Cast(DType::kI8), {dims({kP})}, sizes())), "unknown");
  EXPECT_EQ(known(fact_of(Cast(DType::kU8), {dims({300})}, sizes())), "[44]") << "as it wraps in a run";
  EXPECT_EQ(known(fact_of(Cast(DType::kU64), {dims({kP})}, sizes())), "[P]");
  EXPECT_EQ(known(fact_of(Cast(DType::kU64), {dims({kP - 1})}, sizes())), "unknown");
  EXPECT_EQ(known(fact_of(Cast(DType::kBool), {dims({kP + 1, 0})}, sizes())), "[1,0]");
  EXPECT_EQ(known(fact_of(Cast(DType::kF32), {dims({kP})}, sizes())), "unknown");
}

TEST(KnownElements, LogicIsOfZeroesAndOnes) {
  const Fact a = dims({0, 0, 1, 1}, DType::kBool), b = dims({0, 1, 0, 1}, DType::kBool);
  EXPECT_EQ(known_of(BinaryFn::kAnd, a, b), "[0,0,0,1]");
  EXPECT_EQ(known_of(BinaryFn::kOr, a, b), "[0,1,1,1]");
  EXPECT_EQ(known(fact_of(Unary(UnaryFn::kNot), {b})), "[1,0,1,0]");
}

TEST(KnownElements, SelectPicksByAKnownCondition) {
  const Fact yes = dims({1}, DType::kBool), no = dims({0}, DType::kBool), unknown(DType::kBool, {1});
  const Fact p = dims({kP}), s = dims({kS}), other(DType::kDim, {1});
  EXPECT_EQ(known(fact_of(Select(), {yes, p, s})), "[P]");
  EXPECT_EQ(known(fact_of(Select(), {no, p, s})), "[S]");
  EXPECT_EQ(known(fact_of(Select(), {unknown, p, s})), "unknown");
  EXPECT_EQ(known(fact_of(Select(), {no, other, s})), "[S]");
  EXPECT_EQ(known(fact_of(Select(), {yes, other, s})), "unknown");
  EXPECT_EQ(known(fact_of(Select(), {dims({1, 0}, DType::kBool), p, dims({kS, 4})})), "[P,4]");
}

// An exporter's way to bring an index into the range of an axis: min(max(0, offset + index), size).
TEST(KnownElements, ABoundedIndexComesOut) {
  const auto bounded = [](const Fact& index, const Fact& size) {
    const Fact zero = literal(DType::kDim, 0);
    const Fact condition = fact_of(Binary(BinaryFn::kGe), {index, zero}, sizes());
    const Fact offset = fact_of(Select(), {condition, zero, size}, sizes());
    const Fact sum = fact_of(Binary(BinaryFn::kAdd), {offset, index}, sizes());
    const Fact low = fact_of(Binary(BinaryFn::kMax), {zero, sum}, sizes());
    return known(fact_of(Cast(DType::kDim), {fact_of(Binary(BinaryFn::kMin), {low, size}, sizes())}, sizes()));
  };
  const Fact size = Fact::of_dims(DType::kDim, {}, {kP + kS});
  EXPECT_EQ(bounded(Fact::of_dims(DType::kDim, {}, {kP}), size), "[P]");
  EXPECT_EQ(bounded(literal(DType::kDim, -1), Fact::of_dims(DType::kDim, {}, {kP + 1})), "[P]");
  EXPECT_EQ(bounded(Fact::of_dims(DType::kDim, {}, {std::numeric_limits<std::int64_t>::max()}), size), "[P + S]");
}

TEST(KnownElements, ReductionsWorkOnExpressions) {
  const Fact p = Fact::of_dims(DType::kDim, {2, 2}, {kP, kS, 2, 3});
  EXPECT_EQ(known(fact_of(Reduce(ReduceFn::kProduct, {1}), {p}, sizes())), "[" + (kP * kS).str() + ",6]");
  EXPECT_EQ(known(fact_of(Reduce(ReduceFn::kSum, {0}), {p}, sizes())), "[P + 2,S + 3]");
  EXPECT_EQ(
      known(fact_of(Reduce(ReduceFn::kMax, {0, 1}), {Fact::of_dims(DType::kDim, {1, 2}, {kP, kP + kS})}, sizes())),
      "[P + S]");
  EXPECT_EQ(known(fact_of(Reduce(ReduceFn::kMean, {1}), {p}, sizes())), "unknown");
}

TEST(KnownElements, SmallConstantsAreFolded) {
  const Fact half = fact_of(Cast(DType::kF16), {literal(DType::kF32, 0.5)});
  ASSERT_TRUE(half.constant);
  EXPECT_EQ(numbers_of(half.constant->tensor()), std::vector<double>{0.5});
  const Fact root = fact_of(Unary(UnaryFn::kSqrt), {fact_of(Cast(DType::kF32), {literal(DType::kDim, 64)})});
  ASSERT_TRUE(root.constant);
  EXPECT_EQ(numbers_of(root.constant->tensor()), std::vector<double>{8});
  const Fact size = fact_of(Cast(DType::kF32), {dims({64})});
  ASSERT_TRUE(size.constant);
  EXPECT_EQ(numbers_of(size.constant->tensor()), std::vector<double>{64});
  EXPECT_FALSE(fact_of(Cast(DType::kF32), {dims({kP})}).constant);
  EXPECT_FALSE(fact_of(Unary(UnaryFn::kSqrt), {Fact(DType::kF32, {2})}).constant);
  expect_mismatch([] { fact_of(Binary(BinaryFn::kDiv), {literal(DType::kDim, 1), literal(DType::kDim, 0)}); },
                  {"zero"});
}

}  // namespace
}  // namespace kvproof
