// What operators that move elements know before a run: shapes and elements as expressions, and what cannot fit.
#include "engine/ops/layout.h"
#include "engine/ops/tests/layout_support.h"

namespace kvproof {
namespace {

const Dim p = Dim::symbol("P"), s = Dim::symbol("S"), h = Dim::symbol("H");

Fact dims(std::vector<Dim> values) {
  const Shape shape = {std::int64_t(values.size())};
  return Fact::of_dims(DType::kDim, shape, std::move(values));
}

TEST(LayoutFacts, ShapesSurviveWithTheirSymbols) {
  const Fact x(DType::kF16, {1, h, p + s, 64});
  EXPECT_EQ(fact_of(Transpose({0, 2, 1, 3}), {x}).str(), "f16[1,P + S,H,64]");
  EXPECT_EQ(fact_of(Unsqueeze(2), {x}).str(), "f16[1,H,1,P + S,64]");
  EXPECT_EQ(fact_of(Squeeze(0), {x}).str(), "f16[H,P + S,64]");
  EXPECT_EQ(fact_of(Slice(2, p, p + s), {x}).str(), "f16[1,H,S,64]");
  EXPECT_EQ(fact_of(Slice(3, 0, 64, 3), {x}).str(), "f16[1,H,P + S,22]");
  EXPECT_EQ(fact_of(Slice(2, 0, s * 2, 2), {x}).str(), "f16[1,H,S,64]");
  EXPECT_EQ(fact_of(Tile({1, 2, 1, 1}), {x}).str(), "f16[1,2*H,P + S,64]");
  EXPECT_EQ(fact_of(Broadcast({2, 3, h, p + s, 64}), {x}).str(), "f16[2,3,H,P + S,64]");
  EXPECT_EQ(fact_of(Reshape({h, 1, p + s, 2, 32}), {x}).str(), "f16[H,1,P + S,2,32]");
  const Fact past(DType::kF16, {1, h, p, 64}), now(DType::kF16, {1, h, s, 64});
  EXPECT_EQ(fact_of(Concat(2), {past, now}).str(), "f16[1,H,P + S,64]");
  const Fact table(DType::kF32, {1000, 64}), tokens(DType::kI64, {1, s});
  EXPECT_EQ(fact_of(Gather(0), {table, tokens}).str(), "f32[1,S,64]");
  EXPECT_EQ(fact_of(Range(p, p + s, 1), {}).str(), "tdim[S]");
  EXPECT_EQ(fact_of(Range(0, s * 4, 2), {}).str(), "tdim[2*S]");
  EXPECT_EQ(fact_of(Range(s, 0, -1), {}).str(), "tdim[S]");
}

TEST(LayoutFacts, ElementsAreFollowedThroughEveryMove) {
  const Fact shape = fact_of(ShapeOf(), {Fact(DType::kF32, {1, h, p + s, 64})});
  EXPECT_EQ(known(shape), "[1,H,P + S,64]");
  const Fact length = fact_of(Slice(0, 2, 3), {shape});
  EXPECT_EQ(known(length), "[P + S]");
  EXPECT_EQ(known(fact_of(Squeeze(0), {length})), "[P + S]");
  EXPECT_EQ(known(fact_of(Slice(0, 0, 4, 2), {shape})), "[1,P + S]");
  EXPECT_EQ(known(fact_of(Concat(0), {length, dims({h * 64}), shape})), "[P + S,64*H,1,H,P + S,64]");
  EXPECT_EQ(known(fact_of(Gather(0), {shape, Fact(Constant(Tensor(integers(DType::kI64, {2}, {-2, 1}))))})),
            "[P + S,H]");
  const Fact square = fact_of(Reshape({2, 2}), {shape});
  EXPECT_EQ(known(square), "[1,H,P + S,64]");
  EXPECT_EQ(known(fact_of(Transpose({1, 0}), {square})), "[1,P + S,H,64]");
  EXPECT_EQ(known(fact_of(Tile({1, 2}), {square})), "[1,H,1,H,P + S,64,P + S,64]");
  EXPECT_EQ(known(fact_of(Broadcast({2, 1}), {length})), "[P + S,P + S]");
  EXPECT_EQ(known(fact_of(Trilu(Trilu::Keep::kUpper, 0), {square})), "[1,H,0,64]");
  EXPECT_EQ(known(fact_of(Range(p, p + 3, 1), {})), "[P,P + 1,P + 2]");
  EXPECT_EQ(known(fact_of(DimsOp(DType::kDim, {2}, {p, s}), {})), "[P,S]");
}

TEST(LayoutFacts, ElementsOfUnknownPlaceOrNumberAreUnknown) {
  const Fact shape = dims({1, p, s});
  EXPECT_EQ(known(fact_of(Slice(0, h, h + 1), {shape})), "unknown");
  EXPECT_EQ(known(fact_of(Gather(0), {shape, Fact(DType::kI64, {1})})), "unknown");
  EXPECT_EQ(known(fact_of(Tile({p}), {shape})), "unknown");
  EXPECT_EQ(known(fact_of(Tile({100}), {shape})), "unknown");
  EXPECT_EQ(known(fact_of(Transpose({0}), {Fact(DType::kI64, {3})})), "unknown");
}

TEST(LayoutFacts, WhatCannotFitIsRefusedBeforeARun) {
  const Fact x(DType::kF32, {2, p, 8});
  EXPECT_EQ(fact_of(Reshape({2, p, 4}), {x}).str(), "f32[2,P,4]");  // P may be 0
  Assumptions nonempty;
  nonempty.at_least(p, 1);
  expect_mismatch([&] { fact_of(Reshape({2, p, 4}), {x}, nonempty); }, {"f32[2,P,8]", "[2,P,4]"});
  expect_mismatch([&] { fact_of(Reshape({3, 5}), {Fact(DType::kF32, {4, 4})}); }, {"f32[4,4]", "[3,5]"});
  expect_mismatch([&] { fact_of(Squeeze(2), {x}); }, {"axis 2", "f32[2,P,8]"});
  expect_mismatch([&] { fact_of(Squeeze(3), {x}); }, {"axis 3", "rank 3"});
  expect_mismatch([&] { fact_of(Unsqueeze(-1), {x}); }, {"axis -1"});
  expect_mismatch([&] { fact_of(Transpose({0, 1, 1}), {x}); }, {"[0,1,1]"});
  expect_mismatch([&] { fact_of(Transpose({0, 1}), {x}); }, {"[0,1]"});
  expect_mismatch([&] { fact_of(Slice(2, 3, 9), {x}); }, {"[3, 9)", "axis 2"});
  expect_mismatch([&] { fact_of(Slice(1, 0, p + 1), {x}); }, {"[0, P + 1)"});
  expect_mismatch([&] { fact_of(Slice(1, -1, p), {x}); }, {"[-1, P)"});
  expect_mismatch([&] { fact_of(Slice(1, 0, p, 0), {x}); }, {"stride 0"});
  expect_mismatch([&] { fact_of(Concat(0), {x, Fact(DType::kF32, {2, p, 9})}); }, {"8", "9"});
  expect_mismatch([&] { fact_of(Concat(0), {x, Fact(DType::kF16, {2, p, 8})}); }, {"f32", "f16"});
  expect_mismatch([&] { fact_of(Concat(0), {}); }, {"no inputs"});
  expect_mismatch([&] { fact_of(Gather(0), {x, Fact(DType::kF32, {1})}); }, {"expected integers"});
  expect_mismatch([&] { fact_of(Tile({1, 2}), {x}); }, {"[1,2]"});
  expect_mismatch([&] { fact_of(Broadcast({3, p, 8}), {x}); }, {"[3,P,8]"});
  expect_mismatch([&] { fact_of(Broadcast({8}), {x}); }, {"rank"});
  expect_mismatch([&] { fact_of(Trilu(Trilu::Keep::kLower, 0), {Fact(DType::kF32, {4})}); }, {"rank 2"});
  expect_mismatch([&] { fact_of(Range(0, 4, 0), {}); }, {"step = 0"});
  expect_mismatch([&] { fact_of(ShapeOf(), {x, x}); }, {"2 inputs"});
  expect_mismatch([&] { fact_of(Reshape({-4, -4}), {Fact(DType::kF32, {4, 4})}); }, {"f32[-4,-4]", "negative"});
  expect_mismatch([&] { fact_of(Tile({-1}), {Fact(DType::kF32, {4})}); }, {"f32[-4]", "negative"});
  const Fact wide(DType::kF32, std::vector<Dim>(8, 1));
  expect_mismatch([&] { fact_of(Unsqueeze(0), {wide}); }, {"more than 8 axes"});
}

TEST(LayoutFacts, WhatCannotBeToldIsCheckedInTheRun) {
  Random random(1);
  const Value x = random_value(DType::kF32, {2, 6}, random);
  const Bindings symbols = {{"P", 5}, {"S", 7}, {"H", 2}};
  EXPECT_EQ(fact_of(Reshape({h, s}), {Fact(DType::kF32, {h, p})}).str(), "f32[H,S]");
  expect_mismatch([&] { run(Reshape({h, s}), {x}, symbols); }, {"[2,6]", "[2,7]"});
  expect_mismatch([&] { run(Broadcast({h, p}), {x}, symbols); }, {"[2,6]", "[2,5]"});
  expect_mismatch([&] { run(Slice(1, p, s), {x}, symbols); }, {"[5, 7)", "[2,6]"});
}

TEST(LayoutFacts, AttributesTellOperatorsApart) {
  EXPECT_EQ(Slice(1, p, p + s, 2).attributes(), "axis = 1, begin = P, end = P + S, stride = 2");
  EXPECT_EQ(Reshape({1, p + s}).attributes(), "shape = [1,P + S]");
  EXPECT_EQ(Transpose({1, 0}).attributes(), "axes = [1,0]");
  EXPECT_EQ(Range(p, s, 1, DType::kI64).attributes(), "start = P, end = S, step = 1, dtype = i64");
  EXPECT_EQ(Trilu(Trilu::Keep::kUpper, 1).attributes(), "keep = upper, k = 1");
}

TEST(LayoutFacts, SymbolsAreReplaced) {
  const Substitution with = {{"P", 3}};
  EXPECT_EQ(Slice(1, p, p + s).substitute(with)->attributes(), "axis = 1, begin = 3, end = S + 3");
  EXPECT_EQ(Reshape({p, s}).substitute(with)->attributes(), "shape = [3,S]");
  EXPECT_EQ(Range(p, p + 2, 1).substitute(with)->attributes(), "start = 3, end = 5, step = 1, dtype = tdim");
  EXPECT_EQ(Tile({p}).substitute(with)->attributes(), "repeats = [3]");
  EXPECT_EQ(Broadcast({p}).substitute(with)->attributes(), "shape = [3]");
  EXPECT_EQ(DimsOp(DType::kDim, {1}, {p * 2}).substitute(with)->attributes(),
            "dtype = tdim, shape = [1], values = [6]");
  EXPECT_EQ(Reshape({s}).substitute(with), nullptr);
  EXPECT_EQ(Slice(0, 0, 1).substitute(with), nullptr);
}

}  // namespace
}  // namespace kvproof
