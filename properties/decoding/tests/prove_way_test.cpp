// Counterexamples of the laws of decoding: small, in a file, and the same again.
#include "properties/decoding/prove_way.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "properties/decoding/scenario.h"
#include "properties/support/replay_file.h"

namespace kvproof {
namespace {

const DecodingLaw& law(const char* name) { return *find_decoding_law(name); }

class ProveWay : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    prepare_to_prove();
    decoding_laws::register_all();
  }
};

TEST_F(ProveWay, ACounterexampleIsSmallAndCanBeReplayed) {
  const Proof proof = prove_way(law("every_way_equals_recomputation"), "the_past_is_ignored", {.cases = 50});
  ASSERT_TRUE(proof.refutation) << proof.message;
  const Case& c = proof.refutation->example;
  EXPECT_LE(c.tokens(), 2) << str(c);  // what is ignored, and what ignores it
  EXPECT_EQ(c.geometry, (Geometry{.batch = 1, .q_heads = 1, .kv_heads = 1, .d = 1, .dv = 1})) << str(c);
  const Case again = parse_replay(replay_text(*proof.refutation), "text");
  EXPECT_EQ(again, c);
  Witness witness;
  const auto broken = refute(*find_law(again.law), again, witness);
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->message, proof.message);
}

TEST_F(ProveWay, TheSameSeedGivesTheSame) {
  const auto text = [](std::uint64_t seed) {
    const Effort effort{.cases = 30, .seed = seed};
    return replay_text(*prove_way(law("every_way_equals_recomputation"), "turned_by_the_bucket", effort).refutation);
  };
  EXPECT_EQ(text(5), text(5));
}

TEST_F(ProveWay, ALawThatRunsNoCaseIsRed) {
  DecodingLaw idle = law("every_way_equals_recomputation");
  idle.law.check = [](const Case&, Witness&) {};
  const Proof proof = prove_way(idle, "cached", {.cases = 5});
  EXPECT_EQ(proof.verdict, Proof::Verdict::kFail);
  EXPECT_EQ(proof.message, "no case was run");
}

TEST_F(ProveWay, AWayThatDiesIsRefuted) {
  DecodingLaw deadly = law("every_way_equals_recomputation");
  deadly.law.check = [](const Case&, Witness&) -> void { throw CheckFailed("a check"); };
  const Proof proof = prove_way(deadly, "cached", {.cases = 5, .max_simplifications = 20});
  ASSERT_TRUE(proof.refutation);
  EXPECT_EQ(proof.refutation->end, End::kDeath);
}

TEST_F(ProveWay, SpellingsThatAreNoWayAreRefused) {
  for (const char* spelling : {"", "cache", "bucket:4", "@in_place", "turned"}) {
    EXPECT_THROW(parse_way(spelling), Error) << spelling;
  }
  EXPECT_EQ(prove_way(law("each_token_is_taken_in_once"), "recompute", {.cases = 1}).verdict,
            Proof::Verdict::kNotClaimed);
}

// Else the laws would prove something of plain rows.
TEST_F(ProveWay, CachesThatLoseSomethingLoseItInTheseTexts) {
  for (const std::string& way : all_ways()) {
    Case c;
    c.strategy = way;
    c.values = "llama";
    c.geometry = {.batch = 1, .q_heads = 4, .kv_heads = 2, .d = 3, .dv = 5};
    c.operations = {{OpKind::kStep, 5}, {OpKind::kDecode, 15}};
    const Scenario scenario(c);
    const auto runner = scenario.runner({}), whole = scenario.recomputing({});
    bool lost = false;
    for (const std::int64_t n : scenario.turns()) {
      const Value ids = scenario.ids(runner->fed(), n);
      const Value actual = runner->run(ids).front();
      lost = differ(whole->run(ids).front(), actual) || lost;
    }
    EXPECT_EQ(lost, !scenario.way().is_exact()) << way;
  }
}

}  // namespace
}  // namespace kvproof
