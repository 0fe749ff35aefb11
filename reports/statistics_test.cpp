// The statistics against closed forms.
#include "reports/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace kvproof {
namespace {

std::vector<double> one_to(int n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Statistics, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(median(std::vector<double>{5}), 5);
  EXPECT_EQ(median(std::vector<double>{9, 1, 5}), 5);
  EXPECT_EQ(median(std::vector<double>{4, 1, 3, 2}), 2.5);
}

TEST(Statistics, MedianOfHugeSamplesDoesNotOverflow) {
  const double huge = std::numeric_limits<double>::max();
  EXPECT_EQ(median(std::vector<double>{huge, huge}), huge);
}

TEST(Statistics, DeviationIgnoresOneOutlier) {
  EXPECT_EQ(median_absolute_deviation(std::vector<double>{7}), 0);
  EXPECT_EQ(median_absolute_deviation(std::vector<double>{1, 2, 3, 4, 1000}), 1);
}

TEST(Statistics, IntervalOfFewSamplesIsTheirRange) {
  const Interval one = median_interval(std::vector<double>{3});
  EXPECT_EQ(one.low, 3);
  EXPECT_EQ(one.high, 3);
  EXPECT_NEAR(one.coverage, 0, 1e-12);  // lgamma is right to a few units in the last place
  const Interval five = median_interval(one_to(5));
  EXPECT_EQ(five.low, 1);
  EXPECT_EQ(five.high, 5);
  EXPECT_NEAR(five.coverage, 1 - 2.0 / 32, 1e-12);
}

// Closed forms: n = 6 needs the whole range, 1 - 2/64; n = 9 drops one on each side, 1 - 2 (1 +
// 9)/512; n = 20 takes the 6th and the 15th, 1 - 2 (1 + 20 + 190 + 1140 + 4845 + 15504) / 2^20.
TEST(Statistics, IntervalMatchesBinomialTails) {
  const Interval six = median_interval(one_to(6));
  EXPECT_EQ(six.low, 1);
  EXPECT_NEAR(six.coverage, 1 - 2.0 / 64, 1e-12);
  const Interval nine = median_interval(one_to(9));
  EXPECT_EQ(nine.low, 2);
  EXPECT_EQ(nine.high, 8);
  EXPECT_NEAR(nine.coverage, 1 - 20.0 / 512, 1e-12);
  const Interval twenty = median_interval(one_to(20));
  EXPECT_EQ(twenty.low, 6);
  EXPECT_EQ(twenty.high, 15);
  EXPECT_NEAR(twenty.coverage, 1 - 2.0 * 21700 / 1048576, 1e-12);
}

TEST(Statistics, IntervalOfManySamplesFollowsTheNormalApproximation) {
  // k is about n/2 - 1.96 sqrt(n)/2; the continuity correction moves it by less than 2.
  const Interval wide = median_interval(one_to(10000));
  EXPECT_NEAR(wide.low, 5000 - 1.96 * 50, 2);
  EXPECT_EQ(wide.low + wide.high, 10001);
}

TEST(Statistics, GeometricMeanOfInverseRatiosIsOne) {
  EXPECT_NEAR(geometric_mean(std::vector<double>{4, 0.25}), 1, 1e-15);
  EXPECT_NEAR(geometric_mean(std::vector<double>{1, 10, 100}), 10, 1e-13);
}

}  // namespace
}  // namespace kvproof
