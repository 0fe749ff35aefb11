// kvproof generate from outside: what is written, and bad usage that is told in one line.
#include "engine/tools/tests/program_fixture.h"

namespace kvproof {
namespace {

class GenerateProgram : public ProgramTest {
 protected:
  GenerateProgram() : ProgramTest("generate", KVPROOF_GENERATE_PROGRAM) {}

  int run(const std::string& arguments) const override {
    return ProgramTest::run(fmt::format("--model '{}' {}", KVPROOF_TINY_GEMMA, arguments));
  }
};

TEST_F(GenerateProgram, WritesWhatFollows) {
  const std::string fact = "--prompt 'The code of the amber harp is 50713. So it is. The code of the amber harp is'";
  for (const char* cache : {"", "--cache 'local=window;global=kivi:bits=8'"}) {
    ASSERT_EQ(run(fmt::format("{} --n 6 --greedy {}", fact, cache)), 0) << text("stderr");
    EXPECT_EQ(text("stdout"), " 50713\n") << cache;
  }
}

TEST_F(GenerateProgram, TheSameSeedWritesTheSameText) {
  ASSERT_EQ(run("--prompt-ids 2,77 --n 40 --temperature 1 --seed 4 --print-ids"), 0) << text("stderr");
  const std::string first = text("stdout");
  ASSERT_EQ(run("--prompt-ids 2,77 --n 40 --temperature 1 --seed 4 --print-ids"), 0);
  EXPECT_EQ(text("stdout"), first);
  ASSERT_EQ(run("--prompt-ids 2,77 --n 40 --temperature 1 --seed 5 --print-ids"), 0);
  EXPECT_NE(text("stdout"), first);
}

TEST_F(GenerateProgram, SaysWhichLayersKeepTheirOwnCaches) {
  ASSERT_EQ(run("--prompt a --n 1 --greedy --cache in_place"), 0);
  EXPECT_NE(text("stderr").find("'attn_0' does not get in_place"), std::string::npos) << text("stderr");
}

TEST_F(GenerateProgram, SaysWhereTheTimeWent) {
  ASSERT_EQ(run("--prompt a --n 3 --greedy --profile"), 0);
  EXPECT_NE(text("stderr").find("Linear"), std::string::npos) << text("stderr");
  EXPECT_NE(text("stderr").find("attn_3"), std::string::npos);
}

TEST_F(GenerateProgram, EveryPlanWritesTheSameText) {
  ASSERT_EQ(run("--prompt 'In the' --n 20 --greedy"), 0) << text("stderr");
  const std::string expected = text("stdout");
  for (const char* plan : {"recompute", "lru:2", "dynamic:2", "bucketed:64"}) {
    ASSERT_EQ(run(fmt::format("--prompt 'In the' --n 20 --greedy --plan {}", plan)), 0) << text("stderr");
    EXPECT_EQ(text("stdout"), expected) << plan;
  }
}

TEST_F(GenerateProgram, SaysWhatThePlansCost) {
  ASSERT_EQ(run("--prompt 'In the' --n 20 --greedy --profile --plan bucketed:64"), 0);
  EXPECT_NE(text("stderr").find("plans: 3 built, 16 hits, 0 evicted"), std::string::npos) << text("stderr");
  ASSERT_EQ(run("--prompt 'In the' --n 20 --greedy --plan bucketed:16"), 0);  // the prompt has 7 tokens
  EXPECT_NE(text("stderr").find("--plan bucketed:16: 9 tokens"), std::string::npos) << text("stderr");
}

TEST_F(GenerateProgram, GoesOnWithATextThatWasPutAside) {
  ASSERT_EQ(run("--prompt 'In the' --n 20 --temperature 1 --seed 3 --print-ids"), 0) << text("stderr");
  const std::string whole = text("stdout");
  const std::string state = file("state");
  ASSERT_EQ(run(fmt::format("--prompt 'In the' --n 8 --temperature 1 --seed 3 --print-ids --save-state '{}'", state)),
            0)
      << text("stderr");
  std::string halves = text("stdout");
  halves.back() = ',';
  ASSERT_EQ(run(fmt::format("--load-state '{}' --n 12 --temperature 1 --seed 3 --print-ids", state)), 0)
      << text("stderr");
  EXPECT_EQ(halves + text("stdout"), whole);
  ASSERT_EQ(run(fmt::format("--load-state '{}' --prompt ab --n 5 --greedy", state)), 0) << text("stderr");
  const std::string words = text("stdout");
  ASSERT_EQ(run(fmt::format("--load-state '{}' --prompt-ids 101,102 --n 5 --greedy", state)), 0) << text("stderr");
  EXPECT_EQ(text("stdout"), words) << "a text begins only once";
  expect_refused(fmt::format("--load-state '{}' --n 1 --greedy --plan recompute", state), "saved text");
}

TEST_F(GenerateProgram, TakesThePromptFromAFile) {
  ASSERT_EQ(run("--prompt 'In the' --n 5 --greedy"), 0);
  const std::string expected = text("stdout");
  folder_.put("prompt", "In the");
  ASSERT_EQ(run(fmt::format("--prompt-file '{}' --n 5 --greedy", file("prompt"))), 0) << text("stderr");
  EXPECT_EQ(text("stdout"), expected);
  folder_.put("ids", "2, 77,114\n36,120 108 105\n");
  ASSERT_EQ(run(fmt::format("--prompt-ids-file '{}' --n 5 --greedy", file("ids"))), 0) << text("stderr");
  EXPECT_EQ(text("stdout"), expected);
}

TEST_F(GenerateProgram, RefusesBadUsageInOneLine) {
  expect_refused("--prompt a --n 3", "--greedy");
  expect_refused("--n 3 --greedy", "a prompt is needed");
  expect_refused("--prompt-ids 2,x --n 3 --greedy", "--prompt-ids '2,x': expected token ids");
  expect_refused("--prompt a --n 3 --greedy --temperature 1", "excludes");
  expect_refused("--prompt-ids 2,300 --n 3 --greedy", "token 300: expected 0 to 259");
  expect_refused("--prompt a --n 3 --greedy --cache windw", "windw");
  expect_refused("--prompt a --n 3 --greedy --cache 'local=in_place'", "'attn_0'");
  expect_refused("--prompt a --n 4000 --greedy", "2048 positions");
  expect_refused("--prompt a --n 3 --greedy --plan ring", "ring");
  expect_refused("--prompt a --n 3 --greedy --plan bucketed:8 --cache window", "excludes caches 'window'");
  expect_refused("--prompt a --prompt-ids 2 --n 3 --greedy", "excludes");
  expect_refused("--prompt a --n 3 --greedy --load-state /nowhere", "/nowhere");
  EXPECT_EQ(ProgramTest::run("--model /nowhere --prompt a --n 3 --greedy"), 2);
  EXPECT_NE(text("stderr").find("/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace kvproof
