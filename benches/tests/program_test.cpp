// The program from outside: a tiny run whose file read_run accepts, and bad usage that is told in
// one line.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
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

std::vector<nlohmann::json> model_lines(const std::string& path) {
  std::vector<nlohmann::json> lines;
  for (const nlohmann::json& cell : read_run(path).cells) {
    if (cell["kind"].get<std::string>() == "model") lines.push_back(cell);
  }
  return lines;
}

TEST_F(Program, MeasuresTheShippedModelWithEachStrategy) {
  ASSERT_EQ(run(std::string("--suite model --quantity model_decode --tokens 80 --threads 1 --seconds 0.001 --model '") +
                KVPROOF_TINY_GEMMA + "' --strategy in_place --strategy kivi --out " + file()),
            0)
      << text("stderr");
  std::map<std::string, nlohmann::json> by_caches;
  for (const nlohmann::json& line : model_lines(file())) by_caches[line["caches"].get<std::string>()] = line;
  ASSERT_EQ(by_caches.size(), 3u);
  const nlohmann::json &unfused = by_caches["unfused"], &exact = by_caches["local=window;global=in_place"],
                       &lossy = by_caches["local=window;global=kivi"];
  EXPECT_EQ(unfused["ratio_to_unfused"], 1);
  EXPECT_TRUE(exact["exact"].get<bool>());
  EXPECT_LE(exact["logit_error"].get<double>(), 1e-5);
  EXPECT_FALSE(lossy["exact"].get<bool>());
  EXPECT_GT(lossy["logit_error"].get<double>(), 0);
  // Two layers with 64 tokens and two with 80, of 2 heads of 64 floats; keys and values.
  EXPECT_EQ(exact["cache_bytes"], 2 * (64 + 80) * 2 * 2 * 64 * 4);
  EXPECT_EQ(unfused["cache_bytes"], 4 * 80 * 2 * 2 * 64 * 4);
  for (const auto& [caches, line] : by_caches) {
    EXPECT_EQ(line["model"], "tiny-gemma");
    EXPECT_TRUE(line["checked"].get<bool>());
    EXPECT_GT(line["tokens_per_second"].get<double>(), 0) << caches;
    EXPECT_GT(line["fraction_of_limit"].get<double>(), 0) << caches;
  }
  EXPECT_NE(text("stdout").find("faster than unfused"), std::string::npos);
}

TEST_F(Program, MeasuresARandomCheckpointAndItsLoading) {
  ASSERT_EQ(run("--suite model --random-checkpoint 1MiB,dtype=f32 --tokens 32 --threads 2 --seconds 0.001 "
                "--strategy in_place --out " +
                file()),
            0)
      << text("stderr");
  std::multiset<std::string> quantities;
  for (const nlohmann::json& line : model_lines(file())) {
    quantities.insert(line["quantity"].get<std::string>());
    EXPECT_EQ(line["model"], "random-1MiB-f32");
    EXPECT_EQ(line["dtype"], "f32");
    if (line["quantity"] != "load") continue;
    EXPECT_GT(line["peak_bytes"].get<std::size_t>(), line["weight_bytes"].get<std::size_t>());
    EXPECT_GT(line["ratio_to_read"].get<double>(), 0);
  }
  EXPECT_EQ(quantities, (std::multiset<std::string>{"decode", "decode", "load", "load"}));
}

TEST_F(Program, DoesNotTimeAModelWhoseLogitsAreWrong) {
  const std::string plugin = std::string("--plugin '") + KVPROOF_WRONG_STRATEGY + "' ";
  ASSERT_EQ(run(std::string("--suite model --quantity model_decode --tokens 80 --threads 1 --seconds 0.001 --model '") +
                KVPROOF_TINY_GEMMA + "' " + plugin + "--strategy forgets_silently --out " + file()),
            1);
  EXPECT_NE(text("stderr").find("model_decode/local=window;global=forgets_silently"), std::string::npos);
  EXPECT_NE(text("stderr").find("the unfused model has"), std::string::npos);
  const std::vector<nlohmann::json> lines = model_lines(file());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines.front()["caches"], "unfused");
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
  expect_refused("--model x" + out, "--suite model");
  expect_refused("--suite model --model no-such-model" + out, "no-such-model");
  expect_refused("--suite model --shape Hq=4" + out, "--shape");
  expect_refused("--suite model --tokens 100000" + out, "--tokens 100000");
  expect_refused("--suite model --cache windw" + out, "windw");
  expect_refused("--suite model --random-checkpoint 5" + out, "5");
  expect_refused("--suite model --random-checkpoint 1MiB,dtype=i8" + out, "i8");
  expect_refused("--probe save", "save");
  expect_refused("--out " + (folder_ / "missing" / "run.jsonl").string(), "missing");
}

}  // namespace
}  // namespace kvproof
