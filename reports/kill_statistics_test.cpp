// Kill scores, buckets and quantiles against closed forms.
#include "reports/kill_statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kvproof {
namespace {

constexpr double kSquare = 1.959963984540054 * 1.959963984540054;

// All of n: the interval is [n / (n + z^2), 1]. None of n: its mirror image. Half of n: 1/2 -+ z / (2 sqrt(n + z^2)).
TEST(Wilson, FollowsItsClosedForms) {
  for (const int n : {1, 5, 46, 1000}) {
    const Interval all = wilson_interval(n, n), none = wilson_interval(0, n);
    EXPECT_NEAR(all.low, n / (n + kSquare), 1e-12);
    EXPECT_EQ(all.high, 1);
    EXPECT_EQ(none.low, 0);
    EXPECT_NEAR(none.high, kSquare / (n + kSquare), 1e-12);
  }
  const Interval half = wilson_interval(25, 50);
  EXPECT_NEAR(half.low, 0.5 - std::sqrt(kSquare / (50 + kSquare)) / 2, 1e-12);
  EXPECT_NEAR(half.low + half.high, 1, 1e-12);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
}

std::vector<Fate> four() {
  return {{"a", "ring", {"x", "y"}, false, 0.1, 1},
          {"b", "ring", {"x"}, true, 5, 3},
          {"c", "fork", {"x", "y"}, false, 61, 7},
          {"d", "fork", {}, false, 100, 0}};
}

TEST(KillStatistics, CountByClassLawAndBucket) {
  const std::vector<Fate> fates = four();
  const std::vector<std::string> laws = {"x", "y", "z"};
  const KillStatistics s = kill_statistics(fates, laws);
  EXPECT_EQ(s.all.killed, 3);
  EXPECT_EQ(s.all.all, 4);
  ASSERT_EQ(s.classes.size(), 2u);
  EXPECT_EQ(s.classes[0].name, "ring");
  EXPECT_EQ(s.classes[0].killed, 2);
  EXPECT_EQ(s.classes[1].killed, 1);
  EXPECT_EQ(s.laws[0].kills, 3);
  EXPECT_EQ(s.laws[0].alone, 1);
  EXPECT_EQ(s.laws[2].kills, 0);
  EXPECT_EQ(s.buckets, (std::array<std::int64_t, 6>{1, 0, 1, 0, 1, 1}));
  EXPECT_EQ(s.ended, 1);
  ASSERT_EQ(s.fragile.size(), 1u);
  EXPECT_EQ(s.fragile[0]->name, "b");
}

TEST(KillStatistics, WhatWasNotFoundIsInfinitelyLate) {
  const std::vector<Fate> fates = four();
  const KillStatistics s = kill_statistics(fates, {});
  ASSERT_TRUE(s.seconds && s.operations);
  EXPECT_EQ(s.seconds->median, 5);
  EXPECT_EQ(s.operations->median, 3);
  EXPECT_TRUE(std::isinf(s.seconds->p90));
  EXPECT_FALSE(kill_statistics({}, {}).seconds);
}

}  // namespace
}  // namespace kvproof
