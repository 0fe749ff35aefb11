// Facts say what they know of a tensor, and what they become when symbols are replaced.
#include "engine/graph/fact.h"

#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

const Dim P = sym("P"), S = sym("S");

template <class T>
Tensor row(DType type, const std::vector<T>& values) {
  Tensor tensor(type, {std::int64_t(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<T>());
  return tensor;
}

TEST(Fact, IsPrintedWithTypeAndShape) {
  EXPECT_EQ(Fact(DType::kF32, {1, P + S, 64}).str(), "f32[1,P + S,64]");
  EXPECT_EQ(Fact(DType::kBool, {}).str(), "bool[]");
}

TEST(Fact, HasAConcreteShapeWithoutSymbolsOnly) {
  EXPECT_EQ(Fact(DType::kF32, {2, 3}).concrete_shape(), Shape({2, 3}));
  EXPECT_FALSE(Fact(DType::kF32, {2, S}).concrete_shape());
  EXPECT_FALSE(Fact(DType::kF32, {Dim(-1)}).concrete_shape());
}

TEST(Fact, HasAShapeUnderEveryBindingThatGivesOne) {
  const Fact fact(DType::kF32, {2, S - 2});
  EXPECT_EQ(fact.shape_under({{"S", 5}}), Shape({2, 3}));
  expect_error(ErrorCode::kUsage, "'S'", [&] { (void)fact.shape_under({{"P", 1}}); });
  expect_error(ErrorCode::kMalformed, "f32[2,S - 2] would be [2,-1]", [&] { (void)fact.shape_under({{"S", 1}}); });
  const Fact huge(DType::kF32, {S, S});
  expect_error(ErrorCode::kMalformed, "no shape", [&] { (void)huge.shape_under({{"S", std::int64_t(1) << 40}}); });
}

TEST(Fact, KnowsTheElementsOfSmallIntegerConstants) {
  EXPECT_EQ(*Fact(Constant(row<std::int64_t>(DType::kDim, {-3, 4}))).dims, (std::vector<Dim>{-3, 4}));
  EXPECT_EQ(*Fact(Constant(row<std::uint8_t>(DType::kU8, {255}))).dims, (std::vector<Dim>{255}));
  EXPECT_EQ(*Fact(Constant(row<bool>(DType::kBool, {true, false}))).dims, (std::vector<Dim>{1, 0}));
  EXPECT_EQ(Fact(Constant(row<std::uint64_t>(DType::kU64, {1, ~std::uint64_t(0)}))).dims, nullptr);
  EXPECT_EQ(Fact(Constant(floats({1}))).dims, nullptr);
  EXPECT_EQ(Fact(Constant(Tensor(DType::kI64, {65}))).dims, nullptr);
  const Fact words(Constant(Strings{{1}, {"x"}}));
  EXPECT_EQ(words.dtype, DType::kString);
  EXPECT_EQ(words.dims, nullptr);
}

TEST(Fact, IsSubstitutedInShapeAndElements) {
  const Fact fact = Fact::of_dims(DType::kDim, {2}, {P + S, 7}).substitute({{"P", S * 2}});
  EXPECT_EQ(*fact.dims, (std::vector<Dim>{S * 3, 7}));
  EXPECT_EQ(Fact(DType::kF32, {P, S}).substitute({{"P", 4}}).str(), "f32[4,S]");
}

TEST(Fact, IsOfOneKindWhateverIsKnownOfTheElements) {
  EXPECT_TRUE(Fact::of_dims(DType::kDim, {1}, {P}).same_kind(Fact(DType::kDim, {1})));
  EXPECT_FALSE(Fact(DType::kDim, {1}).same_kind(Fact(DType::kI64, {1})));
  EXPECT_FALSE(Fact(DType::kF32, {P}).same_kind(Fact(DType::kF32, {S})));
}

TEST(BroadcastDim, TakesTheSizeThatIsNotOne) {
  EXPECT_EQ(broadcast_dim(1, P), P);
  EXPECT_EQ(broadcast_dim(P, 1), P);
  EXPECT_EQ(broadcast_dim(P + S, S + P), P + S);
  EXPECT_EQ(broadcast_dim(P, 8), Dim(8));
  EXPECT_EQ(broadcast_dim(8, P), Dim(8));
  EXPECT_EQ(broadcast_dim(1, 0), Dim(0));
  EXPECT_EQ(broadcast_dim(P, S), max(P, S));
  EXPECT_EQ(broadcast_dim(2, 3), std::nullopt);
}

}  // namespace
}  // namespace kvproof
