// Round trip, refusal of truncated, foreign and hostile run files.
#include "reports/run_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "engine/base/error.h"

namespace kvproof {
namespace {

using nlohmann::json;

json memory_cell() {
  return json::parse(R"({"kind":"memory","strategy":"in_place",
    "shape":{"B":1,"Hq":8,"Hkv":8,"D":128,"Dv":128},"T":256,"payload_bytes":2097152,
    "metadata_bytes":0,"slack_bytes":0,"bytes_per_token":8192})");
}

json bench_cell() {
  return json::parse(R"({"kind":"bench","quantity":"decode","strategy":"in_place",
    "shape":{"B":1,"Hq":8,"Hkv":8,"D":128,"Dv":128},"dtype":"f32","T":256,"S":1,"threads":1,
    "residency":"hot","unit":"ns","samples":[10,12.5,11],"median":11,"cache_bytes":2097152,
    "checked":true})");
}

class RunFile : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / (std::string("run_") + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "run.jsonl").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The message of the Error that reading `text` as a run throws; empty if it is accepted.
  std::string refusal(const std::string& text) const {
    put(text);
    try {
      read_run(path_);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
  std::string refusal_of(const json& cell) const {
    return refusal(manifest("test", 1).dump() + '\n' + cell.dump() + '\n');
  }

  std::filesystem::path folder_;
  std::string path_;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(RunFile, ReadsBackWhatWasWritten) {
  const json first = manifest("test", 7);
  {
    RunWriter writer(path_, first);
    writer.write(memory_cell());
    writer.write(bench_cell());
  }
  const kvproof::Run run = read_run(path_);
  EXPECT_EQ(run.manifest, first);
  ASSERT_EQ(run.cells.size(), 2u);
  EXPECT_EQ(run.cells[0], memory_cell());
  EXPECT_EQ(run.cells[1], bench_cell());
  EXPECT_EQ(Run::line_of(1), 3u);
}

TEST_F(RunFile, SecondWriterContinuesAndKeepsTheManifest) {
  RunWriter(path_, manifest("first", 1)).write(memory_cell());
  RunWriter(path_, manifest("second", 2)).write(bench_cell());
  const kvproof::Run run = read_run(path_);
  EXPECT_EQ(run.manifest.at("program"), "first");
  EXPECT_EQ(run.cells.size(), 2u);
}

TEST_F(RunFile, AnEmptyFileIsBegunAfresh) {
  put("");
  RunWriter(path_, manifest("test", 1)).write(memory_cell());
  EXPECT_EQ(read_run(path_).cells.size(), 1u);
}

TEST_F(RunFile, AnotherCommitOrMachineIsRefusedAndUntouched) {
  for (const char* field : {"commit", "isa", "build_type"}) {
    json other = manifest("test", 1);
    other[field] = "other";
    put(other.dump() + '\n');
    const std::string before = content();
    EXPECT_THROW(RunWriter(path_, manifest("test", 1)), Error) << field;
    EXPECT_EQ(content(), before) << field;
  }
  json other = manifest("test", 1);
  other["machine"]["cpu"] = "abacus";
  put(other.dump() + '\n');
  EXPECT_THROW(RunWriter(path_, manifest("test", 1)), Error);
}

TEST_F(RunFile, AnUnfinishedLastLineIsRefusedByReaderAndWriter) {
  const std::string text = manifest("test", 1).dump() + '\n' + memory_cell().dump();
  EXPECT_TRUE(contains(refusal(text), "line 2: unfinished"));
  EXPECT_THROW(RunWriter(path_, manifest("test", 1)), Error);
  EXPECT_EQ(content(), text);
}

TEST_F(RunFile, AnUnwritablePathIsRefused) {
  try {
    RunWriter((folder_ / "absent" / "run.jsonl").string(), manifest("test", 1));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
  }
}

TEST_F(RunFile, ACellThatWouldNotBeReadBackIsNotWritten) {
  RunWriter writer(path_, manifest("test", 1));
  const std::string before = content();
  json cell = bench_cell();
  cell["median"] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(writer.write(cell), Error);
  EXPECT_EQ(content(), before);
}

TEST_F(RunFile, MissingAndForeignFilesAreRefused) {
  EXPECT_THROW(read_run((folder_ / "absent.jsonl").string()), Error);
  EXPECT_THROW(read_run(folder_.string()), Error);
  EXPECT_TRUE(contains(refusal(""), "empty"));
  EXPECT_TRUE(contains(refusal("\n"), "line 1"));
  EXPECT_TRUE(contains(refusal("not json\n"), "line 1: not valid JSON"));
  EXPECT_TRUE(contains(refusal("[1,2]\n"), "manifest"));
  EXPECT_TRUE(contains(refusal(memory_cell().dump() + '\n'), "manifest"));
  json future = manifest("test", 1);
  future["schema"] = "kvproof-run/999";
  EXPECT_TRUE(contains(refusal(future.dump() + '\n'), "kvproof-run/999"));
}

TEST_F(RunFile, HostileLinesAreRefusedWithTheirLineNumber) {
  const std::string first = manifest("test", 1).dump() + '\n';
  EXPECT_TRUE(contains(refusal(first + "{\"kind\":\"memory\"\n"), "line 2: not valid JSON"));
  EXPECT_TRUE(contains(refusal(first + "\n"), "line 2"));
  EXPECT_TRUE(contains(refusal(first + first), "line 2: kind 'manifest'"));
  EXPECT_TRUE(contains(refusal(first + std::string(100'000, '[') + '\n'), "nested deeper"));
  EXPECT_TRUE(contains(refusal(first + std::string(5 << 20, ' ') + '\n'), "longer than"));
  EXPECT_TRUE(contains(refusal(first + R"({"kind":"memory","T":1e999})" + '\n'), "line 2"));
}

TEST_F(RunFile, FieldsOfEveryKindAreChecked) {
  json cell = bench_cell();
  cell.erase("samples");
  EXPECT_TRUE(contains(refusal_of(cell), "bench cell: 'samples' is missing"));
  cell = bench_cell();
  cell["samples"] = json::array();
  EXPECT_TRUE(contains(refusal_of(cell), "'samples'"));
  cell["samples"] = {1, -1};
  EXPECT_TRUE(contains(refusal_of(cell), "finite number >= 0"));
  cell["samples"] = {1, nullptr};
  EXPECT_TRUE(contains(refusal_of(cell), "expected a number"));
  cell = bench_cell();
  cell["quantity"] = "speed";
  EXPECT_TRUE(contains(refusal_of(cell), "'speed' is unknown; known are append"));
  cell = bench_cell();
  cell["shape"].erase("Hkv");
  EXPECT_TRUE(contains(refusal_of(cell), "'shape': 'Hkv' is missing"));
  cell = memory_cell();
  cell["payload_bytes"] = 0.5;
  EXPECT_TRUE(contains(refusal_of(cell), "'payload_bytes': expected an integer"));
  EXPECT_TRUE(contains(refusal_of({{"kind", "wish"}}), "line 2: kind 'wish'"));
  EXPECT_TRUE(contains(refusal_of({{"kind", "law"}}), "law cell"));
  EXPECT_TRUE(contains(refusal_of({{"kind", "mutant"}}), "mutant cell"));
  EXPECT_TRUE(contains(refusal_of({{"kind", "limit"}}), "limit cell"));
  EXPECT_TRUE(contains(refusal_of({{"kind", "soundness"}}), "soundness cell"));
  EXPECT_TRUE(contains(refusal_of({{"kind", "repetition"}}), "repetition cell"));
  EXPECT_TRUE(
      contains(refusal_of({{"kind", "interop"}, {"with", "w"}, {"name", "n"}, {"outcome", "perhaps"}}), "'outcome'"));
  cell = {{"kind", "mutant"}, {"name", "m"}, {"source", "s"}, {"class", "c"},
          {"killed", true},   {"by", "law"}, {"seconds", 1},  {"operations", 1}};
  cell["laws"] = {"law", 1};
  EXPECT_TRUE(contains(refusal_of(cell), "'laws': expected an array of strings"));
  cell["laws"] = {"law"};
  cell["defect"] = {{"library", "l"}, {"input", "i"}, {"expected", "e"}};
  EXPECT_TRUE(contains(refusal_of(cell), "'defect': 'actual' is missing"));
  cell["defect"]["actual"] = "a";
  cell["defect"]["law"] = 1;
  EXPECT_TRUE(contains(refusal_of(cell), "'defect': 'law': expected a string"));
}

TEST_F(RunFile, FieldsThatAreNotKnownAreKept) {
  json cell = memory_cell();
  cell["note"] = "kept";
  put(manifest("test", 1).dump() + '\n' + cell.dump() + '\n');
  EXPECT_EQ(read_run(path_).cells.at(0).at("note"), "kept");
}

}  // namespace
}  // namespace kvproof
