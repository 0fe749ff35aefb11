// The affine round trip: half a step of its own row or column, idempotent where it should be, refused beyond 16 bits.
#include "engine/codec/quant_dequant.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "engine/base/tests/expect_error.h"
#include "engine/codec/tests/support.h"

namespace kvproof {
namespace {

constexpr std::int64_t kRows = 6, kCols = 10;

double half_step(const std::vector<float>& x, std::int64_t first, std::int64_t n, std::int64_t step, int bits) {
  double low = x[std::size_t(first)], high = low;
  for (std::int64_t i = 0; i < n; ++i) {
    low = std::min<double>(low, x[std::size_t(first + i * step)]);
    high = std::max<double>(high, x[std::size_t(first + i * step)]);
  }
  // Half a step; five roundings of at most the range; one of the result.
  return (high - low) / ((1 << bits) - 1) / 2 + 6 * kUnit * (high - low) + kUnit * std::max(-low, high);
}

TEST(QuantDequant, StaysWithinHalfAStepForEveryNumberOfBits) {
  const std::vector<float> x = normals(kRows * kCols, 1);
  for (int bits = 1; bits <= 16; ++bits) {
    for (const ScalePer per : {ScalePer::kRow, ScalePer::kColumn}) {
      std::vector<float> y = x;
      quant_dequant(y.data(), kRows, kCols, bits, per);
      for (std::int64_t i = 0; i < kRows * kCols; ++i) {
        const double bound = per == ScalePer::kRow ? half_step(x, i / kCols * kCols, kCols, 1, bits)
                                                   : half_step(x, i % kCols, kRows, kCols, bits);
        ASSERT_NEAR(y[std::size_t(i)], x[std::size_t(i)], bound) << bits << " bits, element " << i;
      }
    }
  }
}

TEST(QuantDequant, ErrsLessWithEveryBit) {
  const std::vector<float> x = normals(64 * 64, 2);
  double before = INFINITY;
  for (int bits = 1; bits <= 16; ++bits) {
    std::vector<float> y = x;
    quant_dequant(y.data(), 64, 64, bits, ScalePer::kRow);
    double error = 0;
    for (std::size_t i = 0; i < x.size(); ++i) error += std::pow(double(y[i]) - double(x[i]), 2);
    EXPECT_LT(error, before) << bits;
    before = error;
  }
}

TEST(QuantDequant, KeepsTheLowEndAndConstantsExactlyAndTheHighEndWithinTheRoundingOfTheScale) {
  for (int bits = 1; bits <= 16; ++bits) {
    std::vector<float> x = {-1, 3, 3, 3, 0.1f, 0.1f};
    quant_dequant(x.data(), 3, 2, bits, ScalePer::kRow);
    EXPECT_EQ(x[0], -1) << bits;
    EXPECT_NEAR(x[1], 3, 4 * 2 * kUnit + 3 * kUnit) << bits;  // range and scale rounded once, then the result
    EXPECT_EQ((std::vector<float>(x.begin() + 2, x.end())), (std::vector<float>{3, 3, 0.1f, 0.1f})) << bits;
  }
}

TEST(QuantDequant, StaysFiniteForTheLargestNumbers) {
  for (int bits = 1; bits <= 16; ++bits) {
    std::vector<float> x = {FLT_MAX, -FLT_MAX, 0, 1e-45f};
    quant_dequant(x.data(), 1, 4, bits, ScalePer::kRow);
    for (const float y : x) EXPECT_TRUE(std::isfinite(y)) << bits;
  }
}

TEST(QuantDequant, LeavesNothingAlone) {
  EXPECT_NO_THROW(quant_dequant(nullptr, 0, 5, 8, ScalePer::kRow));
  EXPECT_NO_THROW(quant_dequant(nullptr, 5, 0, 8, ScalePer::kRow));
  EXPECT_NO_THROW(quant_dequant(nullptr, 0, 5, 8, ScalePer::kColumn));
}

TEST(QuantDequant, NamesBitsItCannotDo) {
  for (const int bits : {-1, 0, 17, 32}) {
    float x = 1;
    EXPECT_EQ(error_of(ErrorCode::kUsage, [&] { quant_dequant(&x, 1, 1, bits, ScalePer::kRow); }),
              "bits " + std::to_string(bits) + ": expected 1 to 16");
  }
}

}  // namespace
}  // namespace kvproof
