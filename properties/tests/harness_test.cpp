// The harness is itself tested: what must turn red does, and a counterexample is small and always the same.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "properties/support/mutant.h"
#include "properties/support/prove.h"
#include "properties/tests/planted_laws.h"

namespace kvproof {
namespace {

class Harness : public testing::Test {
 protected:
  static void SetUpTestSuite() { prepare_to_prove(); }
  const Subject concat = parse_subject("concat");
};

TEST_F(Harness, AnythingThatASubjectThrowsRefutes) {
  const Proof thrown = prove(planted::kSubjectThrows, &concat, {.cases = 3});
  EXPECT_NE(thrown.message.find("out of order"), std::string::npos);
  ASSERT_TRUE(thrown.refutation);
  EXPECT_EQ(thrown.refutation->end, End::kDeath);
  EXPECT_NE(prove(planted::kSubjectFailsACheck, &concat, {.cases = 3}).message.find("c.threads == 0"),
            std::string::npos);
}

TEST_F(Harness, ACounterexampleIsMinimal) {
  const Proof proof = prove(planted::kNoForkAfterFive, &concat, {});
  ASSERT_TRUE(proof.refutation);
  const Case& c = proof.refutation->example;
  EXPECT_EQ(proof.refutation->end, End::kComparison);
  ASSERT_EQ(c.operations.size(), 2u) << str(c);
  EXPECT_EQ(c.operations[0].n, 5);
  EXPECT_EQ(c.operations[1].kind, OpKind::kFork);
  EXPECT_EQ(c.geometry, (Geometry{1, 1, 1, 1, 1}));
  EXPECT_EQ(c.strategy, "concat");
  EXPECT_EQ(c.values, "small_integers");
  EXPECT_EQ(c.seed, 1u);
  EXPECT_EQ(c.dtype, DType::kF32);
  EXPECT_EQ(c.mask, MaskKind::kNone);
}

TEST_F(Harness, WhatCannotBecomeSimplerAloneDoesSoTogether) {
  const Subject window = parse_subject("window");
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const Proof forks = prove(planted::kNoPairsOfForks, &concat, {.seed = seed});
    ASSERT_TRUE(forks.refutation);
    EXPECT_EQ(forks.refutation->example.operations.size(), 1u) << str(forks.refutation->example);
    EXPECT_EQ(forks.refutation->example.tokens(), 5);
    const Proof step = prove(planted::kNoStepPastTheWindow, &window, {.seed = seed});
    ASSERT_TRUE(step.refutation);
    EXPECT_EQ(parse_spec(step.refutation->example.strategy)["w"], 2);
    EXPECT_EQ(step.refutation->example.operations, (std::vector<Operation>{{OpKind::kStep, 3}}));
  }
}

TEST_F(Harness, TrialsOfSimplerCasesAreCounted) {
  const Proof all = prove(planted::kNoForkAfterFive, &concat, {});
  const Proof few = prove(planted::kNoForkAfterFive, &concat, {.max_simplifications = 7});
  EXPECT_GT(all.simplifications, 7);
  EXPECT_EQ(few.simplifications, 7);
  EXPECT_TRUE(few.refutation);
  EXPECT_EQ(few.cases_to_failure, all.cases_to_failure);
  EXPECT_EQ(prove(planted::kNoForkAfterFive, &concat, {.max_simplifications = 0}).simplifications, 0);
}

TEST_F(Harness, TheSameSeedGivesTheSameCounterexample) {
  const Effort effort{.seed = 7};
  const Proof first = prove(planted::kNoForkAfterFive, &concat, effort);
  ASSERT_TRUE(first.refutation);
  for (int i = 0; i < 5; ++i) {
    const Proof again = prove(planted::kNoForkAfterFive, &concat, effort);
    ASSERT_TRUE(again.refutation);
    EXPECT_EQ(again.refutation->example, first.refutation->example);
    EXPECT_EQ(again.cases, first.cases);
  }
}

// RapidCheck keeps a stack that all threads share; the door must not touch it.
TEST_F(Harness, WorkersDoNotDisturbEachOther) {
  const Proof alone = prove(planted::kNoForkAfterFive, &concat, {.cases = 200});
  std::vector<Proof> proofs(4);
  std::vector<std::thread> workers;
  for (Proof& proof : proofs) {
    workers.emplace_back([&] { proof = prove(planted::kNoForkAfterFive, &concat, {.cases = 200}); });
  }
  for (std::thread& worker : workers) worker.join();
  for (const Proof& proof : proofs) {
    ASSERT_TRUE(proof.refutation);
    EXPECT_EQ(proof.cases, alone.cases);
    EXPECT_EQ(proof.refutation->example, alone.refutation->example);
  }
}

TEST_F(Harness, TheLawThatTellsADefectKillsItsMutant) {
  mutants::register_all();
  int told = 0;
  for (const Mutant* m : mutants::all()) {
    if (!m->defect || m->waiting_for) continue;
    const Law* law = find_law(m->defect().law);
    ASSERT_NE(law, nullptr) << m->strategy.name << ": " << m->defect().law;
    const Subject subject = parse_subject(m->strategy.name);
    EXPECT_TRUE(prove(*law, &subject, {.max_simplifications = 0}).refutation) << m->strategy.name;
    ++told;
  }
  EXPECT_GT(told, 0);
}

TEST_F(Harness, SpelledParametersStayAndOthersAreDrawn) {
  const Subject spelled = parse_subject("kivi:bits=4,group=2");
  const Law* law = find_law("read_returns_what_was_appended");
  ASSERT_NE(law, nullptr);
  std::set<std::int64_t> residuals;
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const std::optional<Case> c = draw_case(*law, &spelled, "", random, 50);
    ASSERT_TRUE(c);
    const Params params = parse_spec(c->strategy);
    EXPECT_EQ(params.choice("bits"), "4");
    EXPECT_EQ(params["group"], 2);
    residuals.insert(params["residual"]);
  }
  EXPECT_GT(residuals.size(), 3u);
}

TEST_F(Harness, ASpelledWindowIsOverflowed) {
  const Subject spelled = parse_subject("window:w=200");
  const Law* law = find_law("read_returns_what_was_appended");
  const Proof proof = prove(*law, &spelled, {.cases = 40});
  EXPECT_EQ(proof.verdict, Proof::Verdict::kPass) << proof.message;
  EXPECT_GT(proof.events.wraps, 0);
  EXPECT_GT(proof.events.evictions, 0);
}

}  // namespace
}  // namespace kvproof
