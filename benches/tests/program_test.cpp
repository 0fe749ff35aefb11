// The program from outside: a tiny run whose file read_run accepts, and bad usage that is told in
// one line.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "reports/run_file.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;

class Program : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("kvproof-bench-") + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  int run(const std::string& arguments) const {
    const std::string command = std::string("'") + KVPROOF_BENCH_PROGRAM + "' " + arguments + " >" +
                                (folder_ / "stdout").string() + " 2>" + (folder_ / "stderr").string();
    return WEXITSTATUS(std::system(command.c_str()));
  }
  std::string text(const char* name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name).rdbuf();
    return text.str();
  }
  std::string file() const { return (folder_ / "run.jsonl").string(); }
  // Exit code 2, one line that contains `part`, and no run file.
  void expect_refused(const std::string& arguments, const std::string& part) const {
    EXPECT_EQ(run(arguments), 2) << arguments;
    const std::string message = text("stderr");
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 1) << message;
    EXPECT_FALSE(fs::exists(file()));
  }

  fs::path folder_;
};

constexpr const char* kTiny =
    "--tokens 64 --nodes 100 --shape B=1,Hq=4,Hkv=2,D=16 --threads 1,2 --seconds 0.001 --strategy concat "
    "--strategy in_place "
    "--strategy kivi:bits=8,group=8,residual=8 ";

TEST_F(Program, WritesARunThatCanBeRead) {
  ASSERT_EQ(run(kTiny + ("--out " + file())), 0) << text("stderr");
  EXPECT_EQ(text("stderr"), "");
  const kvproof::Run result = read_run(file());
  EXPECT_EQ(result.manifest["program"], "kvproof-bench");
  std::set<std::string> quantities, kinds;
  for (const nlohmann::json& cell : result.cells) {
    kinds.insert(cell["kind"].get<std::string>());
    if (cell.contains("quantity")) quantities.insert(cell["quantity"].get<std::string>());
    if (cell.contains("ratio_to_concat") && cell["strategy"].get<std::string>() == "concat") {
      EXPECT_EQ(cell["ratio_to_concat"].get<double>(), 1);
    }
    EXPECT_EQ(cell.value("checked", false), cell["kind"].get<std::string>() == "bench");
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"bench", "limit", "memory"}));
  EXPECT_EQ(quantities, (std::set<std::string>{"append", "decode", "growth", "load", "prefill", "read_bandwidth",
                                               "rewriting", "save"}));
  EXPECT_NE(text("stdout").find("in_place"), std::string::npos);
}

TEST_F(Program, ContinuesARunAndFilters) {
  ASSERT_EQ(run(kTiny + ("--quantity memory --out " + file())), 0) << text("stderr");
  const std::size_t before = read_run(file()).cells.size();
  ASSERT_EQ(run(kTiny + ("--quantity memory --benchmark_filter=in_place --out " + file())), 0) << text("stderr");
  const kvproof::Run result = read_run(file());
  ASSERT_EQ(result.cells.size(), before + 1);
  EXPECT_EQ(result.cells.back()["strategy"], "in_place");
}

TEST_F(Program, DoesNotTimeAWrongStrategy) {
  const std::string plugin = std::string("--plugin '") + KVPROOF_WRONG_STRATEGY + "' ";
  ASSERT_EQ(run(kTiny + plugin + "--strategy forgets_silently --out " + file()), 1);
  EXPECT_NE(text("stderr").find("decode/forgets_silently/T=64/threads=1"), std::string::npos);
  EXPECT_NE(text("stderr").find("wrong result"), std::string::npos);
  std::set<std::string> timed;
  for (const nlohmann::json& cell : read_run(file()).cells) {
    if (cell["kind"].get<std::string>() == "bench") timed.insert(cell["strategy"].get<std::string>());
  }
  EXPECT_TRUE(timed.contains("in_place"));
  EXPECT_FALSE(timed.contains("forgets_silently"));
}

TEST_F(Program, RefusesBadUsageBeforeAnythingRuns) {
  const std::string out = " --out " + file();
  expect_refused("--suite slow" + out, "slow");
  expect_refused("--strategy windw" + out, "windw");
  expect_refused("--strategy window:w=0" + out, "w");
  expect_refused("--strategy window:x=1" + out, "x");
  expect_refused("--shape Hq=6,Hkv=4" + out, "Hq");
  expect_refused("--tokens 0" + out, "--tokens 0");
  expect_refused("--nodes 0" + out, "--nodes 0");
  expect_refused("--threads 0" + out, "--threads 0");
  expect_refused("--dtype i8" + out, "i8");
  expect_refused("--quantity speed" + out, "speed");
  expect_refused("--data no-such-file.safetensors" + out, "no-such-file");
  expect_refused("--plugin no-such-file.so" + out, "no-such-file");
  expect_refused("--tokens 64", "--out");
  expect_refused("--out " + (folder_ / "missing" / "run.jsonl").string(), "missing");
}

}  // namespace
}  // namespace kvproof
