// The choice of the next token: known answers of the generator, filters on small distributions, chi-square of draws.
#include "engine/model/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/base/tests/throwing_checks.h"
#include "engine/model/philox.h"

namespace kvproof {
namespace {

using Logits = std::vector<float>;
using Ids = std::vector<std::int64_t>;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<Candidate> distribution(const SamplerOptions& options, const Logits& logits, const Ids& context = {}) {
  return Sampler(options).distribution(logits, context);
}

Ids ids(const std::vector<Candidate>& candidates) {
  Ids result;
  for (const Candidate& c : candidates) result.push_back(c.id);
  return result;
}

Logits random_logits(std::size_t vocab, std::uint64_t seed) {
  Random random(seed);
  Logits logits(vocab);
  for (float& x : logits) x = float(random.normal() * 3);
  return logits;
}

// With probabilities as given: their logarithms.
Logits logits_of(std::initializer_list<double> probabilities) {
  Logits logits;
  for (const double p : probabilities) logits.push_back(float(std::log(p)));
  return logits;
}

// Whether counts fit what is expected, by the Wilson-Hilferty approximation of chi-square at 0.1 % on either side:
// draws that come out too even are as little random as those that come out too uneven.
::testing::AssertionResult fits(const std::vector<std::int64_t>& counts, const std::vector<double>& expected) {
  double chi_square = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    chi_square += std::pow(double(counts[i]) - expected[i], 2) / expected[i];
  }
  const double freedom = double(counts.size() - 1), spread = 2 / (9 * freedom);
  const auto limit = [&](double z) { return freedom * std::pow(1 - spread + z * std::sqrt(spread), 3); };
  if (limit(-3.09) < chi_square && chi_square < limit(3.09)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << chi_square << " outside " << limit(-3.09) << " .. " << limit(3.09);
}

// The vectors that the authors publish with the generator.
TEST(Philox, AnswersAsPublished) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32_10({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Greedy, TiesGoToTheLowestId) {
  EXPECT_EQ(greedy_id(Logits{1, 3, 2, 3}), 1);
  EXPECT_EQ(greedy_id(Logits{-kInfinity, -kInfinity}), 0);
}

TEST(Greedy, NanNeverWinsWhereverItStands) {
  EXPECT_EQ(greedy_id(Logits{kNan, 1, 2}), 2);
  EXPECT_EQ(greedy_id(Logits{2, kNan, 1}), 0);
  EXPECT_EQ(greedy_id(Logits{kNan, -kInfinity, kNan}), 1);
}

TEST(Greedy, NothingButNanIsRefused) {
  EXPECT_THROW(greedy_id(Logits{kNan, kNan}), Error);
  EXPECT_THROW(distribution({.temperature = 1}, {kNan}), Error);
}

TEST(Greedy, NoLogitsAtAllAreABugOfTheCaller) {
  const ThrowingChecks checks;
  EXPECT_THROW(greedy_id({}), CheckFailed);
  EXPECT_THROW(distribution({.temperature = 1}, {}), CheckFailed);
}

TEST(Sampler, TemperatureZeroIsGreedyWhateverTheSeed) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Logits logits = random_logits(40, seed);
    EXPECT_EQ(Sampler({.seed = seed}).draw(logits, {}, {.step = seed}), greedy_id(logits));
  }
}

TEST(Sampler, TopKOfOneIsGreedyAlsoBetweenTies) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Logits logits = random_logits(40, seed);
    for (float& x : logits) x = std::round(x);
    EXPECT_EQ(Sampler({.temperature = 5, .top_k = 1, .seed = seed}).draw(logits, {}, {.step = seed}),
              greedy_id(logits));
  }
}

TEST(Sampler, ProbabilitiesAreTheSoftmaxOfTheLogitsOverTheTemperature) {
  const Logits logits = random_logits(300, 1);
  for (const double temperature : {0.25, 1.0, 7.0}) {
    long double sum = 0;
    for (const float x : logits) sum += std::exp(static_cast<long double>(x) / temperature);
    const std::vector<Candidate> candidates = distribution({.temperature = temperature}, logits);
    ASSERT_EQ(candidates.size(), logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double expected = double(std::exp(static_cast<long double>(logits[i]) / temperature) / sum);
      // A sum of 300 terms and an exponent below 100: 400 roundings at most.
      EXPECT_NEAR(candidates[i].probability, expected, expected * 400 * 0x1p-53);
    }
  }
}

TEST(Sampler, TopKKeepsExactlyKAndOfTiesTheLowestIds) {
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_k = 3}, {2, 5, 2, 2, 1, 2})), (Ids{0, 1, 2}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_k = 2}, {0, 0, 0, 0})), (Ids{0, 1}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_k = 9}, {0, 1, 2})), (Ids{0, 1, 2}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_k = 2}, {kNan, 1, kNan, 2, 3})), (Ids{3, 4}));
}

TEST(Sampler, TopPKeepsTheTokenThatCrossesAndNoFurtherOne) {
  const Logits logits = logits_of({0.1, 0.4, 0.2, 0.3});
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = 0.01}, logits)), (Ids{1}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = 0.39}, logits)), (Ids{1}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = 0.41}, logits)), (Ids{1, 3}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = 0.69}, logits)), (Ids{1, 3}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = 0.71}, logits)), (Ids{1, 2, 3}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = 1}, logits)), (Ids{0, 1, 2, 3}));
}

TEST(Sampler, TopPThatIsReachedExactlyAdmitsNoMoreAndOfTiesTakesTheLowest) {
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = 0.5}, {7, 7, 7, 7})), (Ids{0, 1}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = 0.51}, {7, 7, 7, 7})), (Ids{0, 1, 2}));
}

// More ids than are sorted at first, so that sorting has to go on where it stopped.
TEST(Sampler, TopPOfAFlatVocabularyAgreesWithAFullSort) {
  Logits logits(5000);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[(i * 1237) % 5000] = -float(i) * 0x1p-12f;
  for (const double p : {0.001, 0.02, 0.3, 0.9, 0.9999}) {
    double sum = 0, reached = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) sum += std::exp(-double(i) * 0x1p-12);
    std::set<std::int64_t> expected;
    for (std::size_t i = 0; reached < p * sum; ++i) {
      reached += std::exp(-double(i) * 0x1p-12);
      expected.insert(std::int64_t((i * 1237) % 5000));
    }
    EXPECT_EQ(ids(distribution({.temperature = 1, .top_p = p}, logits)), Ids(expected.begin(), expected.end())) << p;
  }
}

TEST(Sampler, MinPMeasuresAgainstTheLikeliest) {
  const Logits logits = logits_of({0.05, 0.5, 0.15, 0.3});
  EXPECT_EQ(ids(distribution({.temperature = 1, .min_p = 0.09}, logits)), (Ids{0, 1, 2, 3}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .min_p = 0.11}, logits)), (Ids{1, 2, 3}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .min_p = 0.59}, logits)), (Ids{1, 3}));
  EXPECT_EQ(ids(distribution({.temperature = 1, .min_p = 1}, {1, 2, 2, 0})), (Ids{1, 2}));
}

TEST(Sampler, WhatAFilterLeavesSumsToOneAgain) {
  for (const SamplerOptions& options : {SamplerOptions{.temperature = 1, .top_k = 7},
                                        {.temperature = 1, .top_p = 0.8},
                                        {.temperature = 2, .min_p = 0.1},
                                        {.temperature = 0.5, .top_k = 20, .top_p = 0.9, .min_p = 0.01}}) {
    double sum = 0;
    for (const Candidate& c : distribution(options, random_logits(100, 3))) sum += c.probability;
    EXPECT_NEAR(sum, 1, 300 * 0x1p-53);  // 100 terms at most: added to be divided by, divided, added again
  }
}

// Top-p measures against what top-k left: of 0.4 and 0.3 the first is already 0.57.
TEST(Sampler, EachFilterWorksOnWhatTheOneBeforeLeft) {
  const Logits logits = logits_of({0.1, 0.4, 0.2, 0.3});
  EXPECT_EQ(ids(distribution({.temperature = 1, .top_k = 2, .top_p = 0.5}, logits)), (Ids{1}));
  EXPECT_EQ(ids(distribution({.temperature = 100, .top_p = 0.3}, logits)), (Ids{1, 3}));
}

TEST(Sampler, TheOrderOfIdsDoesNotMatterToTheDistribution) {
  const Logits logits = random_logits(64, 5);
  std::vector<std::size_t> order(64);
  std::iota(order.begin(), order.end(), 0);
  Random random(6);
  for (std::size_t i = 63; i > 0; --i) std::swap(order[i], order[std::size_t(random.integer(0, std::int64_t(i)))]);
  Logits moved(64);
  for (std::size_t i = 0; i < 64; ++i) moved[order[i]] = logits[i];

  const SamplerOptions options{
      .temperature = 1.3, .top_k = 40, .top_p = 0.95, .min_p = 0.001, .repetition_penalty = 1.5f};
  const std::vector<Candidate> before = distribution(options, logits, {3, 9, 27});
  std::map<std::int64_t, double> after;
  const Ids context{std::int64_t(order[3]), std::int64_t(order[9]), std::int64_t(order[27])};
  for (const Candidate& c : distribution(options, moved, context)) after[c.id] = c.probability;
  ASSERT_EQ(before.size(), after.size());
  for (const Candidate& c : before) {
    ASSERT_TRUE(after.contains(std::int64_t(order[std::size_t(c.id)])));
    // Only the order of a sum of 64 terms differs.
    EXPECT_NEAR(after[std::int64_t(order[std::size_t(c.id)])], c.probability, c.probability * 64 * 0x1p-53);
  }
}

TEST(Sampler, ThePenaltyDividesWhatIsPositiveAndMultipliesWhatIsNotOnceForEachId) {
  EXPECT_EQ(Sampler({.repetition_penalty = 2}).draw(Logits{3, 2, 1}, Ids{0, 0, 0}, {}), 1);   // 1.5 2 1
  EXPECT_EQ(Sampler({.repetition_penalty = 2}).draw(Logits{3, 1.25f, 1}, Ids{0, 0}, {}), 0);  // 1.5 1.25 1
  EXPECT_EQ(Sampler({.repetition_penalty = 2}).draw(Logits{-1, -1.5f, -3}, Ids{0}, {}), 1);   // -2 -1.5 -3
  EXPECT_EQ(Sampler({.repetition_penalty = 0.5f}).draw(Logits{1.5f, 2, 1}, Ids{0}, {}), 0);   // 3 2 1
  EXPECT_EQ(Sampler({.repetition_penalty = 1}).draw(Logits{3, 2, 1}, Ids{0, 0, 0}, {}), 0);
}

TEST(Sampler, AnIdOfTheContextOutsideTheVocabularyIsABugOfTheCaller) {
  const ThrowingChecks checks;
  EXPECT_THROW(distribution({.repetition_penalty = 2}, {1, 2}, {2}), CheckFailed);
  EXPECT_THROW(distribution({.repetition_penalty = 2}, {1, 2}, {-1}), CheckFailed);
}

TEST(Sampler, InfinitiesAndNanLeaveADistribution) {
  const auto even = [](const Logits& logits) {
    const std::vector<Candidate> candidates = distribution({.temperature = 1}, logits);
    for (const Candidate& c : candidates) EXPECT_EQ(c.probability, 1.0 / double(candidates.size()));
    return ids(candidates);
  };
  EXPECT_EQ(even({1, kInfinity, kNan, kInfinity, -kInfinity}), (Ids{1, 3}));
  EXPECT_EQ(even({-kInfinity, 4, kNan, 4}), (Ids{1, 3}));
  EXPECT_EQ(even({-kInfinity, kNan, -kInfinity}), (Ids{0, 2}));
  EXPECT_EQ(even({3e38f, -3e38f}), (Ids{0}));
}

TEST(Sampler, AnIdWithoutAChanceIsNeverDrawn) {
  const Sampler sampler({.temperature = 0.01});
  for (std::uint64_t step = 0; step < 2000; ++step) {
    const std::int64_t id = sampler.draw(Logits{-kInfinity, 1, -100, 1, -kInfinity, kNan, -50}, {}, {.step = step});
    ASSERT_TRUE(id == 1 || id == 3) << id;
  }
}

TEST(Sampler, DrawsAlongStepsSequencesAndSeedsAreUniform) {
  constexpr std::int64_t kVocab = 16, kDraws = 16'000;
  const Logits logits(kVocab);
  const std::vector<double> expected(kVocab, double(kDraws) / kVocab);
  const std::function<std::int64_t(std::uint64_t)> draws[] = {
      [&](std::uint64_t i) { return Sampler({.temperature = 1, .seed = 7}).draw(logits, {}, {.step = i}); },
      [&](std::uint64_t i) { return Sampler({.temperature = 1, .seed = 7}).draw(logits, {}, {.sequence = i}); },
      [&](std::uint64_t i) { return Sampler({.temperature = 1, .seed = i}).draw(logits, {}, {}); }};
  for (const auto& draw : draws) {
    std::vector<std::int64_t> counts(kVocab);
    for (std::uint64_t i = 0; i < kDraws; ++i) ++counts[std::size_t(draw(i))];
    EXPECT_TRUE(fits(counts, expected));
  }
}

TEST(Sampler, NeighboursInStepAndSequenceAreIndependent) {
  constexpr std::int64_t kSide = 8, kDraws = 64'000;
  for (const DrawPlace to : {DrawPlace{.sequence = 0, .step = 1}, {.sequence = 1, .step = 0}}) {
    std::vector<std::int64_t> counts(kSide * kSide);
    for (std::uint64_t i = 0; i < kDraws; ++i) {
      const auto cell = [&](DrawPlace at) { return std::int64_t(uniform_at(11, at) * kSide); };
      const DrawPlace here{.sequence = 2 * i, .step = 2 * i};
      ++counts[std::size_t(cell(here) * kSide + cell({here.sequence + to.sequence, here.step + to.step}))];
    }
    EXPECT_TRUE(fits(counts, std::vector<double>(kSide * kSide, double(kDraws) / (kSide * kSide))));
  }
}

TEST(Sampler, DrawsFollowTheDistribution) {
  const Logits logits = logits_of({0.5, 0.02, 0.3, 0.08, 0.1});
  constexpr std::int64_t kDraws = 20'000;
  const Sampler sampler({.temperature = 1, .seed = 12});
  std::vector<std::int64_t> counts(5);
  for (std::uint64_t i = 0; i < kDraws; ++i) ++counts[std::size_t(sampler.draw(logits, {}, {.step = i}))];
  std::vector<double> expected;
  for (const Candidate& c : sampler.distribution(logits, {})) expected.push_back(c.probability * kDraws);
  EXPECT_TRUE(fits(counts, expected));
}

TEST(Sampler, TheSamePlaceDrawsTheSameIdWhateverWasDrawnBefore) {
  const Logits logits = random_logits(200, 9);
  const SamplerOptions options{.temperature = 1.5, .seed = 0x123456789abcdef0};
  const Sampler sampler(options);
  Ids forward, backward;
  for (std::uint64_t step = 0; step < 100; ++step) forward.push_back(sampler.draw(logits, {}, {3, step}));
  for (std::uint64_t step = 100; step-- > 0;)
    backward.insert(backward.begin(), Sampler(options).draw(logits, {}, {3, step}));
  EXPECT_EQ(forward, backward);
  EXPECT_GT(std::set<std::int64_t>(forward.begin(), forward.end()).size(), 20u);  // of 200: 100 draws do vary
}

TEST(Sampler, EveryBitOfSeedSequenceAndStepCounts) {
  std::set<double> seen{uniform_at(0, {0, 0})};
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t one = std::uint64_t{1} << bit;
    seen.insert({uniform_at(one, {0, 0}), uniform_at(0, {one, 0}), uniform_at(0, {0, one})});
  }
  EXPECT_EQ(seen.size(), 1u + 3 * 64);
}

TEST(Sampler, ANumberPicksTheIdWhoseShareItFallsIntoAndOnRoundOffTheLast) {
  const std::vector<Candidate> halves{{4, 0.25}, {7, 0.5}, {9, 0.25}};
  const std::pair<double, std::int64_t> golden[] = {{0, 4}, {0.2, 4}, {0.25, 7}, {0.7, 7}, {0.75, 9}, {1 - 0x1p-53, 9}};
  for (const auto& [u, id] : golden) EXPECT_EQ(pick(halves, u), id) << u;
  EXPECT_EQ(pick(std::vector<Candidate>{{4, 0.5}, {7, 0.5 - 0x1p-52}}, 1 - 0x1p-53), 7);
  const ThrowingChecks checks;
  EXPECT_THROW(pick({}, 0.5), CheckFailed);
}

TEST(Sampler, UniformNumbersAreTheTopBitsOfTheFirstTwoWords) {
  EXPECT_EQ(uniform_at(0, {0, 0}), double(0x6627e8d5e169c58d >> 11) * 0x1p-53);
  EXPECT_EQ(uniform_at(0x299f31d0a4093822, {0x0370734413198a2e, 0x85a308d3243f6a88}),
            double(0xd16cfe0994fdcceb >> 11) * 0x1p-53);
}

TEST(Sampler, OptionsOutOfRangeAreRefusedByName) {
  const auto refused = [](const SamplerOptions& options, const std::string& name) {
    try {
      const Sampler sampler(options);
      ADD_FAILURE() << name << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find(name + ": "), 0u) << error.what();
    }
  };
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {-0.5, nan, infinity}) refused({.temperature = bad}, "temperature");
  refused({.top_k = -1}, "top_k");
  for (const double bad : {-0.1, 0.0, 1.1, nan}) refused({.top_p = bad}, "top_p");
  for (const double bad : {-0.1, 1.1, nan}) refused({.min_p = bad}, "min_p");
  for (const float bad : {-1.0f, 0.0f, kNan, kInfinity}) refused({.repetition_penalty = bad}, "repetition_penalty");
}

}  // namespace
}  // namespace kvproof
