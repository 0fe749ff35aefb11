// The rotation of pairs of channels.
#include "engine/ops/attention.h"
#include "engine/ops/tests/attention_support.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

Value rotated(const Value& x, const Value& cos, const Value& sin) {
  return evaluate(ApplyRope(), std::vector{x, cos, sin})[0];
}

TEST(ApplyRope, TurnsTheFirstHalfAgainstTheSecond) {
  const Value x = floats({1, 4}, {1, 2, 3, 4});
  EXPECT_EQ(elements(rotated(x, floats({1, 4}, {1, 1, 1, 1}), floats({1, 4}, {0, 0, 0, 0}))),
            (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(elements(rotated(x, floats({1, 4}, {0, 0, 0, 0}), floats({1, 4}, {1, 1, 1, 1}))),
            (std::vector<float>{-3, -4, 1, 2}));
  EXPECT_EQ(elements(rotated(x, floats({1, 4}, {2, 2, 3, 3}), floats({1, 1}, {10}))),
            (std::vector<float>{-28, -36, 19, 32}));
}

TEST(ApplyRope, TablesBroadcastOnEveryAxis) {
  const Shape shape{2, 3, 4, 6};
  const Value x = random_value(shape, 1);
  for (int axes = 0; axes < 16; ++axes) {
    const auto extent = [&](int axis) { return (axes >> axis & 1) != 0 ? shape[axis] : 1; };
    const Shape small{extent(0), extent(1), extent(2), extent(3)};
    const Value cos = random_value(small, 2), sin = random_value(small, 3);
    std::vector<float> expected;
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
      const std::int64_t at[] = {i / 72, i / 24 % 3, i / 6 % 4, i % 6};
      std::int64_t t = 0;
      for (int axis = 0; axis < 4; ++axis) t = t * small[axis] + (small[axis] == 1 ? 0 : at[axis]);
      const float turned = at[3] < 3 ? -x.as<float>()[i + 3] : x.as<float>()[i - 3];
      expected.push_back(x.as<float>()[i] * cos.as<float>()[t] + turned * sin.as<float>()[t]);
    }
    EXPECT_EQ(elements(rotated(x, cos, sin)), expected) << small.str();
  }
}

TEST(ApplyRope, RoundsAsTheOperatorsThatItStandsFor) {
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    const Value x = random_value({3, 8}, 4, dtype), cos = random_value({3, 8}, 5, dtype),
                sin = random_value({3, 8}, 6, dtype);
    const auto round = [&](float value) { return elements(cast(floats({1}, {value}), dtype))[0]; };
    const std::vector<float> a = elements(x), c = elements(cos), s = elements(sin),
                             out = elements(rotated(x, cos, sin));
    for (std::size_t i = 0; i < a.size(); ++i) {
      const float turned = i % 8 < 4 ? -a[i + 4] : a[i - 4];
      EXPECT_EQ(out[i], round(round(a[i] * c[i]) + round(turned * s[i])));
    }
  }
}

TEST(ApplyRope, DoublesStayDoubles) {
  const Value x = cast(floats({2}, {1, 2}), DType::kF64), half = cast(floats({1}, {0.5}), DType::kF64);
  const Value out = rotated(x, half, half);
  EXPECT_EQ(out.as<double>()[0], -0.5);
  EXPECT_EQ(out.as<double>()[1], 1.5);
}

TEST(ApplyRope, RefusesWhatItCannotTurn) {
  const auto refused = [](const Value& x, const Value& table) {
    error_of(ErrorCode::kMismatch, [&] { rotated(x, table, table); });
  };
  refused(zeros({1, 3}), zeros({1, 3}));
  refused(zeros({1, 4}), zeros({4}));
  refused(zeros({2, 4}), zeros({3, 4}));
  refused(zeros({2, 4}), cast(zeros({2, 4}), DType::kF16));
}

}  // namespace
}  // namespace kvproof
