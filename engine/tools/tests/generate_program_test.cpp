// kvproof generate from outside: what is written, and bad usage that is told in one line.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace kvproof {
namespace {

namespace fs = std::filesystem;

class GenerateProgram : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / fmt::format("kvproof-generate-{}{}", info->name(), getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  int run(const std::string& arguments) const {
    const std::string command = fmt::format("'{}' {} >'{}/stdout' 2>'{}/stderr'", KVPROOF_GENERATE_PROGRAM, arguments,
                                            folder_.string(), folder_.string());
    return WEXITSTATUS(std::system(command.c_str()));
  }
  int generate(const std::string& arguments) const {
    return run(fmt::format("--model '{}' {}", KVPROOF_TINY_GEMMA, arguments));
  }
  std::string text(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return text.str();
  }
  void expect_refused(const std::string& arguments, const std::string& part) const {
    EXPECT_EQ(generate(arguments), 2) << arguments;
    EXPECT_NE(text("stderr").find(part), std::string::npos) << arguments << ": " << text("stderr");
  }

  fs::path folder_;
};

TEST_F(GenerateProgram, WritesWhatFollows) {
  const std::string fact = "--prompt 'The code of the amber harp is 50713. So it is. The code of the amber harp is'";
  for (const char* cache : {"", "--cache 'local=window;global=kivi:bits=8'"}) {
    ASSERT_EQ(generate(fmt::format("{} --n 6 --greedy {}", fact, cache)), 0) << text("stderr");
    EXPECT_EQ(text("stdout"), " 50713\n") << cache;
  }
}

TEST_F(GenerateProgram, TheSameSeedWritesTheSameText) {
  ASSERT_EQ(generate("--prompt-ids 2,77 --n 40 --temperature 1 --seed 4 --print-ids"), 0) << text("stderr");
  const std::string first = text("stdout");
  ASSERT_EQ(generate("--prompt-ids 2,77 --n 40 --temperature 1 --seed 4 --print-ids"), 0);
  EXPECT_EQ(text("stdout"), first);
  ASSERT_EQ(generate("--prompt-ids 2,77 --n 40 --temperature 1 --seed 5 --print-ids"), 0);
  EXPECT_NE(text("stdout"), first);
}

TEST_F(GenerateProgram, SaysWhichLayersKeepTheirOwnCaches) {
  ASSERT_EQ(generate("--prompt a --n 1 --greedy --cache in_place"), 0);
  EXPECT_NE(text("stderr").find("'attn_0' does not get in_place"), std::string::npos) << text("stderr");
}

TEST_F(GenerateProgram, SaysWhereTheTimeWent) {
  ASSERT_EQ(generate("--prompt a --n 3 --greedy --profile"), 0);
  EXPECT_NE(text("stderr").find("Linear"), std::string::npos) << text("stderr");
  EXPECT_NE(text("stderr").find("attn_3"), std::string::npos);
}

TEST_F(GenerateProgram, RefusesBadUsageInOneLine) {
  expect_refused("--prompt a --n 3", "--greedy");
  expect_refused("--prompt a --n 3 --greedy --temperature 1", "excludes");
  expect_refused("--prompt-ids 2,300 --n 3 --greedy", "token 300: expected 0 to 259");
  expect_refused("--prompt a --n 3 --greedy --cache windw", "windw");
  expect_refused("--prompt a --n 3 --greedy --cache 'local=in_place'", "'attn_0'");
  expect_refused("--prompt a --n 4000 --greedy", "2048 positions");
  EXPECT_EQ(run("--model /nowhere --prompt a --n 3 --greedy"), 2);
  EXPECT_NE(text("stderr").find("/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace kvproof
