// Verdicts as text, cells and JUnit.
#include "properties/tools/verdicts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "properties/tests/outcomes.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

using planted::broken;
using planted::law_named;
using planted::outcome;
using Verdict = Proof::Verdict;

constexpr Law kFirst = law_named("first_law"), kSecond = law_named("second_law_with_a_long_name"),
              kEngineLaw = law_named("law_of_the_engine", LawSubject::kEngine);

Law waiting_law() {
  Law law = law_named("law_that_waits");
  law.waiting_for = "pages";
  return law;
}
const Law kWaitingLaw = waiting_law();

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Every verdict once.
std::vector<Outcome> one_of_each() {
  return {outcome(kFirst, "concat", Verdict::kPass),
          broken(kFirst, "window:w=4", 2),
          outcome(kSecond, "concat", Verdict::kNotClaimed),
          outcome(kSecond, "window:w=4", Verdict::kRefused),
          outcome(kEngineLaw, "engine", Verdict::kPass),
          outcome(kWaitingLaw, "concat", Verdict::kWaiting),
          outcome(kWaitingLaw, "window:w=4", Verdict::kWaiting)};
}

TEST(Matrix, SaysEveryVerdictInWordsWhereTheyFit) {
  const std::string text = matrix(with_waiting_once(one_of_each()));
  for (const char* spoken : {"PASS", "FAIL", "NOT CLAIMED", "REFUSED", "needs pages", "250k", "law of the engine"}) {
    EXPECT_TRUE(contains(text, spoken)) << spoken << "\n" << text;
  }
  const std::vector<std::string> lines = lines_of(text);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(), [](const auto& l) { return contains(l, "law_that_waits"); }), 1);
}

TEST(Matrix, ManyStrategiesAndLawsFitATerminal) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("a_law_with_a_name_that_is_as_long_as_the_longest_" + std::to_string(i));
  std::vector<Law> laws;
  for (const std::string& name : names) laws.push_back(law_named(name.c_str()));
  std::vector<Outcome> outcomes;
  for (const Law& law : laws) {
    for (int s = 0; s < 13; ++s) {
      outcomes.push_back(outcome(law, "strategy_" + std::to_string(s), s == 3 ? Verdict::kFail : Verdict::kPass));
    }
  }
  const std::string text = matrix(outcomes);
  for (const std::string& line : lines_of(text)) EXPECT_LE(line.size(), 120u) << line;
  EXPECT_TRUE(contains(text, " + + + X + + + + + + + + +"));
  EXPECT_LT(lines_of(text).size(), 60u);
}

TEST(FailureText, IsShortAndEndsWithTheCommand) {
  Outcome o = broken(kFirst, "window:w=4", 200);
  o.replay = "folder/first_law.window.txt";
  const std::vector<std::string> lines = lines_of(failure_text(o));
  EXPECT_LE(lines.size(), 25u);
  EXPECT_EQ(lines[0], "FAIL first_law on window:w=4");
  EXPECT_EQ(lines[1], "  row 3 < row \"4\" & differs ?");
  EXPECT_EQ(lines[2], "  expected  1");
  EXPECT_EQ(lines[3], "  actual    2");
  EXPECT_EQ(lines[lines.size() - 2], "look at: look at the slot");
  EXPECT_EQ(lines.back(), "again:   kvproof replay folder/first_law.window.txt");
}

TEST(FailureText, OfManyTheMostTellingComesFirstAndMostAreALine) {
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) names.push_back("law_" + std::to_string(i));
  std::vector<Law> laws;
  for (const std::string& name : names) laws.push_back(law_named(name.c_str()));
  const Law stored = law_named("read_returns_what_was_appended");
  std::vector<Outcome> outcomes;
  for (const Law& law : laws) outcomes.push_back(broken(law, "ring", 1));
  outcomes.push_back(broken(stored, "ring", 30));
  for (Outcome& o : outcomes) o.proof.refutation->picture.clear();
  outcomes[5].proof.refutation->picture = "q x k\n#.\n##";
  outcomes[5].proof.refutation->example.operations.assign(2, Operation{OpKind::kStep, 4});
  outcomes[7].proof.refutation->example.operations.assign(1, Operation{OpKind::kStep, 1});
  outcomes[8].proof.refutation.reset();
  laws[10].shape.cost = 10;
  outcomes[9].replay = "folder/law_9.ring.txt";
  outcomes.push_back(outcome(kFirst, "ring", Verdict::kPass));
  outcomes.push_back(broken(kSecond, "concat", 1));
  const std::string text = failures_text(outcomes);
  std::vector<std::string> heads;
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("FAIL ") || line.starts_with("also: ")) heads.push_back(line);
  }
  ASSERT_EQ(heads.size(), 14u) << text;
  EXPECT_EQ(heads[0], "FAIL law_5 on ring");
  EXPECT_EQ(heads[1], "FAIL read_returns_what_was_appended on ring");
  EXPECT_EQ(heads[2], "FAIL law_7 on ring");
  EXPECT_EQ(heads[3], "also: law_0, step 4: row 3 < row \"4\" & differs ?");
  EXPECT_TRUE(contains(text, "differs ?  folder/law_9.ring.txt\n"));
  EXPECT_EQ(heads[11], "also: law_10, step 4: row 3 < row \"4\" & differs ?");
  EXPECT_EQ(heads[12], "also: law_8: row 3 < row \"4\" & differs ?");
  EXPECT_EQ(heads[13], "FAIL second_law_with_a_long_name on concat");
  EXPECT_LE(lines_of(text.substr(0, text.find(heads[13]))).size(), 60u);
  std::reverse(outcomes.begin(), outcomes.end() - 1);
  EXPECT_EQ(failures_text(outcomes), text);
}

TEST(LawCell, FitsTheRunFileForEveryVerdict) {
  for (const Outcome& o : with_waiting_once(one_of_each())) {
    EXPECT_NO_THROW(check_cell(law_cell(o))) << law_cell(o);
    EXPECT_NO_THROW((void)law_cell(o).dump());
  }
  EXPECT_EQ(law_cell(broken(kFirst, "s", 1)).at("look_at"), "look at the slot");
}

// Whether tags nest, attributes are quoted and nothing else needs an escape.
bool well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = xml.find("?>") + 2; at < xml.size();) {
    if (xml[at] != '<') {
      if (xml[at] == '>' || (xml[at] == '&' && xml.find(';', at) > at + 5) || (xml[at] < ' ' && xml[at] != '\n'))
        return false;
      ++at;
      continue;
    }
    const std::size_t end = xml.find('>', at);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos || std::count(tag.begin(), tag.end(), '"') % 2 != 0) return false;
    const std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" /", 1) - (tag[0] == '/'));
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty();
}

TEST(JUnit, IsWellFormedAndCountsWhatWasSkipped) {
  const std::string xml = junit_xml(with_waiting_once(one_of_each()));
  EXPECT_TRUE(well_formed(xml)) << xml;
  EXPECT_TRUE(contains(xml, "tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"3\""));
  EXPECT_TRUE(contains(xml, "<skipped message=\"not claimed: the law is claimed by every strategy\"/>"));
  EXPECT_TRUE(contains(xml, "<skipped message=\"waiting for pages\"/>"));
  EXPECT_TRUE(contains(xml, "row 3 &lt; row &quot;4&quot; &amp; differs ?"));
  EXPECT_FALSE(well_formed("?><a><b></a></b>"));
}

}  // namespace
}  // namespace kvproof
