// The kill matrix, what it counts and what it leaves out.
#include "properties/tools/kill_matrix.h"

#include <gtest/gtest.h>

#include "properties/tests/outcomes.h"
#include "properties/tools/soundness.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

using planted::broken;
using planted::law_named;
using planted::outcome;
using Verdict = Proof::Verdict;

constexpr Law kFirst = law_named("first_law"), kSecond = law_named("second_law");

Mutant mutant(const char* name, const char* fault_class, Role role = Role::kMutant) {
  Mutant m{};
  m.strategy.name = name;
  m.fault = "a fault";
  m.source = "somewhere #1";
  m.fault_class = fault_class;
  m.role = role;
  return m;
}

const Mutant kForked = mutant("forked", "fork"), kWrapped = mutant("wrapped", "ring"),
             kSurvivor = mutant("survivor", "ring"), kControl = mutant("control", "layout", Role::kControl);

Mutant waiting_mutant() {
  Mutant m = mutant("later", "prefix");
  m.waiting_for = "pages";
  m.defect = [] { return Defect{}; };
  return m;
}
const Mutant kLater = waiting_mutant();

std::vector<Hunt> hunts() {
  Outcome crash = broken(kSecond, "wrapped", 1);
  crash.proof.refutation->end = End::kDeath;
  return {{&kForked, {broken(kFirst, "forked", 2), outcome(kSecond, "forked", Verdict::kNotClaimed)}},
          {&kWrapped, {broken(kFirst, "wrapped", 3), crash}},
          {&kSurvivor, {outcome(kFirst, "survivor", Verdict::kPass), outcome(kSecond, "survivor", Verdict::kPass)}},
          {&kControl, {outcome(kFirst, "control", Verdict::kPass), outcome(kSecond, "control", Verdict::kPass)}},
          {&kLater, {}}};
}

TEST(KillMatrix, CountsMutantsThatMetALawAndNothingElse) {
  const std::vector<Fate> all = fates(hunts());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name, "wrapped");  // in the order of the classes
  EXPECT_TRUE(all[0].ended);
  EXPECT_EQ(all[0].operations, 1);
  EXPECT_EQ(all[2].name, "forked");
  EXPECT_EQ(law_names(hunts()), (std::vector<std::string>{"first_law", "second_law"}));
  EXPECT_TRUE(hunts()[4].as_wanted());
  EXPECT_FALSE(hunts()[2].as_wanted());
}

TEST(KillMatrix, ShowsKillsByClassAndWhatWentWrong) {
  const std::string text = kill_matrix(hunts());
  for (const char* part : {"wrapped   K!", "forked    K ", "survivor  ..", "SURVIVED", "control   ..", "lives",
                           "kill score: 2 of 3 killed", "later needs pages", "forked by first_law",
                           "1 killed by a comparison, 1 by a crash"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(KillMatrix, CellsFitTheRunFile) {
  for (const Hunt& h : hunts()) EXPECT_NO_THROW(check_cell(mutant_cell(h))) << mutant_cell(h);
  EXPECT_EQ(mutant_cell(hunts()[4]).at("waiting_for"), "pages");
  EXPECT_FALSE(mutant_cell(hunts()[4]).contains("defect"));
  const nlohmann::json statistics = statistics_json(hunts());
  EXPECT_EQ(statistics.at("score").at("killed"), 2);
  EXPECT_FALSE(statistics.at("seconds").contains("p90"));  // a survivor has no time
}

TEST(KillMatrix, ADefectIsToldWithWhatItsOwnLawFound) {
  Mutant m = mutant("told", "ring");
  m.defect = [] { return Defect{.library = "a library", .law = "second_law"}; };
  Hunt hunt{&m, {broken(kFirst, "told", 1), broken(kSecond, "told", 2)}};
  hunt.outcomes[1].proof.message = "sees the future";
  nlohmann::json cell = mutant_cell(hunt);
  EXPECT_NO_THROW(check_cell(cell));
  EXPECT_EQ(cell.at("by"), "first_law");
  EXPECT_EQ(cell.at("defect").at("law"), "second_law");
  EXPECT_EQ(cell.at("defect").at("message"), "sees the future");
  EXPECT_NE(cell.at("defect").at("counterexample").get<std::string>().find("second_law"), std::string::npos);
  hunt.outcomes[1] = outcome(kSecond, "told", Verdict::kPass);
  cell = mutant_cell(hunt);
  EXPECT_NO_THROW(check_cell(cell));
  EXPECT_FALSE(cell.at("defect").contains("message"));
}

TEST(Soundness, TheBoundIsTheRuleOfThree) {
  Soundness s{.seeds = 300, .cases = 30, .verdicts = 1500};
  EXPECT_DOUBLE_EQ(s.bound(), 3.0 / 1500);
  EXPECT_NO_THROW(check_cell(soundness_cell(s)));
  s.alarms.push_back({broken(kFirst, "concat", 1), 7});
  EXPECT_DOUBLE_EQ(s.bound(), wilson_interval(1, 1500).high);
  EXPECT_NO_THROW(check_cell(soundness_cell(s)));
  EXPECT_NO_THROW(check_cell(repetition_cell({.repeats = 3, .same = 3})));
}

}  // namespace
}  // namespace kvproof
