// Each way in which RapidCheck has been seen to pass everything, or to go on for ever, turns red here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/error.h"
#include "properties/support/prove.h"
#include "properties/support/rapid.h"
#include "properties/tests/planted_laws.h"

namespace kvproof {
namespace {

class RapidTraps : public testing::Test {
 protected:
  static void SetUpTestSuite() { prepare_to_prove(); }
  const Subject concat = parse_subject("concat");
};

Property counting(const std::string& name, std::vector<std::uint64_t>& drawn, Trial trial) {
  return {.name = name,
          .draw = [&drawn](std::uint64_t seed, int) { return drawn.push_back(seed), Case{}; },
          .simpler = [](const Case&) { return std::vector<Case>(); },
          .run = [trial](const Case&) { return trial; }};
}

TEST_F(RapidTraps, ALeakedReproduceStringIsRefused) {
  std::vector<std::uint64_t> drawn;
  ASSERT_EQ(setenv("RC_PARAMS", "reproduce=abc", 1), 0);
  EXPECT_THROW((void)check_property(counting("p", drawn, Trial::kHolds), {}), Error);
  EXPECT_THROW(prepare_to_prove(), Error);
  EXPECT_THROW((void)prove(planted::kNoForkAfterFive, &concat, {}), Error);
  ASSERT_EQ(unsetenv("RC_PARAMS"), 0);
  EXPECT_EQ(check_property(counting("p", drawn, Trial::kHolds), {.cases = 7}).cases, 7);
}

TEST_F(RapidTraps, ZeroCasesAreRed) {
  std::vector<std::uint64_t> drawn;
  EXPECT_NE(check_property(counting("p", drawn, Trial::kHolds), {.cases = 0}).trouble, "");
  EXPECT_NE(check_property(counting("p", drawn, Trial::kNothing), {.cases = 10}).trouble, "");
  const Proof proof = prove(planted::kComparesNothing, &concat, {.cases = 10});
  EXPECT_EQ(proof.verdict, Proof::Verdict::kFail);
  EXPECT_EQ(proof.cases, 0);
}

TEST_F(RapidTraps, PropertiesOfOneSeedDrawDifferentCases) {
  std::vector<std::uint64_t> one, other, again;
  (void)check_property(counting("one", one, Trial::kHolds), {.seed = 5, .cases = 20});
  (void)check_property(counting("other", other, Trial::kHolds), {.seed = 5, .cases = 20});
  (void)check_property(counting("one", again, Trial::kHolds), {.seed = 5, .cases = 20});
  EXPECT_NE(one, other);
  EXPECT_EQ(one, again);
}

TEST_F(RapidTraps, TheSearchForASmallerOneIsBounded) {
  int runs = 0;
  Property endless{.name = "endless",
                   .draw = [](std::uint64_t, int) { return Case{}; },
                   .simpler = [](const Case& c) { return std::vector<Case>(2, c); },
                   .run = [&runs](const Case&) { return ++runs, Trial::kBroken; }};
  EXPECT_FALSE(check_property(endless, {.cases = 5, .max_simplifications = 100}).broken.empty());
  EXPECT_LE(runs, 101);
}

// All sizes are used, also where most cases come to nothing; beyond 100 the packaged RapidCheck shifts too far.
TEST_F(RapidTraps, SizesReachAHundredAndNoMore) {
  for (const int every : {1, 2, 15}) {
    int smallest = 1000, largest = -1, trial = 0;
    const Property sized{.name = "sized",
                         .draw =
                             [&](std::uint64_t, int size) {
                               smallest = std::min(smallest, size);
                               largest = std::max(largest, size);
                               return Case{};
                             },
                         .simpler = [](const Case&) { return std::vector<Case>(); },
                         .run = [&](const Case&) { return ++trial % every ? Trial::kNothing : Trial::kHolds; }};
    EXPECT_EQ(check_property(sized, {.cases = 300}).trouble, "");
    EXPECT_EQ(smallest, 0);
    EXPECT_GE(largest, 99);
    EXPECT_LE(largest, 100);
  }
}

TEST_F(RapidTraps, TooFewCasesAreRed) {
  int trial = 0;
  const Property rare{.name = "rare",
                      .draw = [](std::uint64_t, int) { return Case{}; },
                      .simpler = [](const Case&) { return std::vector<Case>(); },
                      .run = [&](const Case&) { return ++trial % 100 ? Trial::kNothing : Trial::kHolds; }};
  const Found found = check_property(rare, {.cases = 200});
  EXPECT_GT(found.cases, 0);
  EXPECT_LT(found.cases, 200);
  EXPECT_NE(found.trouble.find("of 200 cases"), std::string::npos) << found.trouble;
}

TEST_F(RapidTraps, RefusalsAloneAreNeitherCasesNorTrouble) {
  std::vector<std::uint64_t> drawn;
  const Found found = check_property(counting("p", drawn, Trial::kRefused), {.cases = 300});
  EXPECT_EQ(found.cases, 0);
  EXPECT_GT(found.refused, 0);
  EXPECT_EQ(found.trouble, "");
  EXPECT_EQ(prove(planted::kOnlyRefuses, &concat, {.cases = 10}).verdict, Proof::Verdict::kRefused);
  EXPECT_EQ(prove(planted::kWaits, &concat, {.cases = 10}).verdict, Proof::Verdict::kWaiting);
}

// Assertions of GoogleTest inside a property would not fail it: ci/house_rules.py keeps them out of laws, and a law
// has no way to fail but to throw.
TEST_F(RapidTraps, AnyExceptionRefutes) {
  EXPECT_EQ(prove(planted::kSubjectThrows, &concat, {.cases = 3}).verdict, Proof::Verdict::kFail);
  EXPECT_EQ(prove(planted::kSubjectFailsACheck, &concat, {.cases = 3}).verdict, Proof::Verdict::kFail);
}

}  // namespace
}  // namespace kvproof
