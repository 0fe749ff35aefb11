// Replays every counterexample that is kept, then runs every law on every strategy: one test each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "engine/base/error.h"
#include "properties/support/mutant.h"
#include "properties/support/replay_file.h"
#include "properties/tools/verdicts.h"

namespace kvproof {
namespace {

constexpr int kCases = 100;

class ReplayTest : public testing::Test {
 public:
  explicit ReplayTest(std::string path) : path_(std::move(path)) {}
  void TestBody() override {
    const Case c = read_replay(path_);
    Witness witness;
    const auto broken = refute(*find_law(c.law), c, witness);
    EXPECT_FALSE(broken) << replay_text(*broken);
    EXPECT_GT(witness.comparisons(), 0) << "the case compares nothing any more";
  }

 private:
  const std::string path_;
};

class LawTest : public testing::Test {
 public:
  LawTest(const Law& law, const Strategy* strategy) : law_(law), strategy_(strategy) {}
  void TestBody() override {
    const Subject* subject = nullptr;
    std::optional<Subject> parsed;
    if (strategy_) subject = &parsed.emplace(parse_subject(strategy_->name));
    const Outcome outcome{&law_, strategy_ ? strategy_->name : "engine", prove(law_, subject, {.cases = kCases}), ""};
    if (outcome.proof.verdict == Proof::Verdict::kNotClaimed) GTEST_SKIP() << "not claimed";
    if (outcome.proof.verdict == Proof::Verdict::kWaiting) GTEST_SKIP() << "waits for " << law_.waiting_for;
    RecordProperty("cases", int(outcome.proof.cases));
    EXPECT_FALSE(failed(outcome)) << failure_text(outcome);
    EXPECT_GT(outcome.proof.cases, 0) << "the strategy claims the law and refused whatever would have been compared";
  }

 private:
  const Law& law_;
  const Strategy* strategy_;
};

void register_replays() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(KVPROOF_REPLAYS)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    testing::RegisterTest("Replay", file.stem().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [path = file.string()]() -> testing::Test* { return new ReplayTest(path); });
  }
}

void register_laws() {
  const auto add = [](const Law& law, const Strategy* strategy) {
    const std::string name = std::string(law.name) + "." +
                             (strategy          ? strategy->name
                              : law.waiting_for ? "waiting"
                                                : "engine");
    testing::RegisterTest("Law", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [&law, strategy]() -> testing::Test* { return new LawTest(law, strategy); });
  };
  for (const Law* law : laws::all()) {
    if (law->subject == LawSubject::kEngine || law->waiting_for) {
      add(*law, nullptr);
      continue;
    }
    for (const Strategy* strategy : all_strategies()) add(*law, strategy);
  }
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    kvproof::prepare_to_prove();
    kvproof::register_replays();
    kvproof::register_laws();
    kvproof::mutants::register_all();  // after the laws were registered: a mutant keeps none
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return RUN_ALL_TESTS();
}
