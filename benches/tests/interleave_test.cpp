// The order of arms in rounds, the arithmetic of ratios, and what a round is made of. Times are
// made up.
#include "benches/support/interleave.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/base/error.h"

namespace kvproof {
namespace {

// Takes what it is told, call by call, and remembers how often it ran.
class ScriptedArm : public Arm {
 public:
  explicit ScriptedArm(double ns_per_call, int granule = 1) : ns_(ns_per_call), granule_(granule) {}

  std::optional<double> run(int calls) override {
    ++runs;
    if (thrown_away > 0) {
      --thrown_away;
      return std::nullopt;
    }
    return ns_ * calls * (runs % 3 == 0 ? 1 : 5);  // every third sub-sample is undisturbed
  }
  int granule() const override { return granule_; }

  int runs = 0, thrown_away = 0;

 private:
  double ns_;
  int granule_;
};

TEST(BalancedOrder, GivesEachArmEachTurnOnceInEveryBlock) {
  for (int arms = 1; arms <= 5; ++arms) {
    const auto order = balanced_order(arms, 4 * arms, 7);
    ASSERT_EQ(order.size(), std::size_t(4 * arms));
    for (int block = 0; block < 4; ++block) {
      for (int turn = 0; turn < arms; ++turn) {
        std::set<int> seen;
        for (int round = 0; round < arms; ++round) {
          seen.insert(order[std::size_t(block * arms + round)][std::size_t(turn)]);
        }
        EXPECT_EQ(seen.size(), std::size_t(arms)) << "block " << block << ", turn " << turn;
      }
    }
  }
}

TEST(BalancedOrder, IsAbbaForTwoArms) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const auto order = balanced_order(2, 2, seed);
    EXPECT_EQ(order[0][0], order[1][1]);
    EXPECT_EQ(order[0][1], order[1][0]);
  }
}

TEST(BalancedOrder, FollowsTheSeed) {
  EXPECT_EQ(balanced_order(4, 16, 3), balanced_order(4, 16, 3));
  EXPECT_NE(balanced_order(4, 16, 3), balanced_order(4, 16, 4));
}

TEST(PairedRatio, IsTheMedianOfRatiosNotTheRatioOfMedians) {
  const double subject[] = {1, 20, 30}, reference[] = {10, 10, 10};
  EXPECT_DOUBLE_EQ(paired_ratio(subject, reference), 2);
  const double slow_rounds[] = {1, 10, 100}, also_slow[] = {2, 20, 200};
  EXPECT_DOUBLE_EQ(paired_ratio(slow_rounds, also_slow), 0.5);
  const double four[] = {1, 2, 3, 4}, ones[] = {1, 1, 1, 1};
  EXPECT_DOUBLE_EQ(paired_ratio(four, ones), 2.5);
}

TEST(Compare, TakesTheMinimumOfEachRoundPerCall) {
  ScriptedArm fast(100), slow(700);
  Arm* const arms[] = {&fast, &slow};
  const Comparison comparison = compare(arms, {.seconds = 0.01, .sub_samples = 5});
  ASSERT_EQ(comparison.rounds.size(), 2u);
  ASSERT_EQ(comparison.rounds[0].size(), comparison.rounds[1].size());
  EXPECT_GE(comparison.rounds[0].size(), 5u);
  EXPECT_EQ(comparison.rounds[0].size() % 2, 0u) << "whole blocks";
  for (const double value : comparison.rounds[0]) EXPECT_DOUBLE_EQ(value, 100);
  for (const double value : comparison.rounds[1]) EXPECT_DOUBLE_EQ(value, 700);
}

TEST(Compare, FillsTheSampleTimeInWholeGranules) {
  ScriptedArm arm(1000, 64);
  Arm* const arms[] = {&arm};
  const Comparison comparison = compare(arms, {.seconds = 0.001, .sample_ns = 200e3});
  EXPECT_GE(comparison.calls[0], 40);  // 200 us at 5 us a call, the most this arm takes
  EXPECT_EQ(comparison.calls[0] % 64, 0);
}

TEST(Compare, RepeatsWhatWasThrownAway) {
  ScriptedArm arm(100);
  arm.thrown_away = 3;
  Arm* const arms[] = {&arm};
  EXPECT_EQ(compare(arms, {.min_rounds = 6, .max_rounds = 6}).rounds[0].size(), 6u);
}

TEST(Compare, GivesUpOnAnArmThatAlwaysThrowsAway) {
  ScriptedArm arm(100);
  arm.thrown_away = 1 << 30;
  Arm* const arms[] = {&arm};
  EXPECT_THROW(compare(arms, {}), Error);
}

}  // namespace
}  // namespace kvproof
