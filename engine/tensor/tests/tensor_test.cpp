// Shapes count without overflow; tensors copy deeply and refuse the wrong element type.
#include "engine/tensor/tensor.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/base/error.h"
#include "engine/base/tests/throwing_checks.h"

namespace kvproof {
namespace {

TEST(Shape, KnowsItsDimensionsFromBothEnds) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape.elements(), 24);
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape.str(), "[2,3,4]");
  const ThrowingChecks checks;
  EXPECT_THROW(shape[3], CheckFailed);
  EXPECT_THROW(shape[-4], CheckFailed);
}

TEST(Shape, OfRankZeroIsOneElementAndWithAZeroNone) {
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ(Shape().str(), "[]");
  EXPECT_EQ((Shape{3, 0, 5}).elements(), 0);
}

TEST(Shape, ComparesRankAndDimensions) {
  EXPECT_EQ((Shape{2, 3}), (Shape{2, 3}));
  EXPECT_NE((Shape{2, 3}), (Shape{3, 2}));
  EXPECT_NE((Shape{2}), (Shape{2, 0}));
  EXPECT_NE((Shape{}), (Shape{1}));
}

TEST(Shape, CountsWithoutOverflow) {
  constexpr std::int64_t kHuge = std::int64_t(1) << 31;
  const auto counts = [](std::vector<std::int64_t> dims) {
    std::int64_t elements = 0;
    return Shape::count(dims, elements);
  };
  EXPECT_TRUE(counts({kHuge, kHuge / 2}));     // 2^61
  EXPECT_FALSE(counts({kHuge, kHuge}));        // 2^62, the first that is refused
  EXPECT_FALSE(counts({kHuge, kHuge, 4}));     // 2^64 = 0 in 64 bits
  EXPECT_FALSE(counts({0, kHuge, kHuge, 4}));  // nor behind a zero
  EXPECT_FALSE(counts({2, -1}));
  EXPECT_TRUE(counts({1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_FALSE(counts({1, 1, 1, 1, 1, 1, 1, 1, 1}));
  const ThrowingChecks checks;
  EXPECT_THROW((Shape{kHuge, kHuge}), CheckFailed);
}

TEST(DTypes, NamesComeBack) {
  for (int i = 0; i <= int(DType::kString); ++i) EXPECT_EQ(parse_dtype(name_of(DType(i))), DType(i));
  EXPECT_THROW(parse_dtype("f63"), Error);
}

TEST(Tensors, CopyDeeply) {
  Tensor first(DType::kI32, {2, 2});
  for (std::int32_t i = 0; i < 4; ++i) first.as<std::int32_t>()[i] = i;
  Tensor second = first;
  const Tensor third(first.view());
  first.as<std::int32_t>()[3] = 9;
  EXPECT_EQ(second.as<std::int32_t>()[3], 3);
  EXPECT_EQ(third.as<std::int32_t>()[3], 3);
  EXPECT_EQ(third.shape(), (Shape{2, 2}));
}

TEST(Tensors, RefuseTheWrongElementType) {
  Tensor tensor(DType::kF16, {1});
  const ThrowingChecks checks;
  EXPECT_THROW(tensor.as<float>(), CheckFailed);
  EXPECT_THROW(tensor.view().operator TensorView().as<std::int32_t>(), CheckFailed);
  EXPECT_THROW(to_dtype(Tensor(DType::kI8, {1}), DType::kF32), CheckFailed);
}

TEST(Tensors, DefaultIsEmpty) {
  EXPECT_EQ(Tensor().shape().elements(), 0);
  EXPECT_TRUE(TensorView().empty());
}

TEST(ToDType, RoundsOnceOnTheWayDownAndNotAtAllOnTheWayUp) {
  Tensor wide(DType::kF32, {3});
  wide.as<float>()[0] = 1 + 0x1p-11f;  // halfway between two f16
  wide.as<float>()[1] = -65519;
  wide.as<float>()[2] = 0x1p-24f;
  const Tensor narrow = to_dtype(wide, DType::kF16);
  EXPECT_EQ(narrow.dtype(), DType::kF16);
  const Tensor back = to_dtype(narrow, DType::kF32);
  EXPECT_EQ(back.as<float>()[0], 1);
  EXPECT_EQ(back.as<float>()[1], -65504);
  EXPECT_EQ(back.as<float>()[2], 0x1p-24f);
  EXPECT_EQ(to_dtype(to_dtype(wide, DType::kBF16), DType::kF16).dtype(), DType::kF16);
}

}  // namespace
}  // namespace kvproof
