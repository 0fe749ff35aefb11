// A case survives the way into a file and back, and no text can do harm.
#include "properties/support/replay_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "datasets/trace.h"
#include "engine/base/tests/expect_error.h"
#include "properties/support/feed.h"

namespace kvproof {
namespace {

const char* const kGood =
    "kvproof-replay 1\n# what went wrong\n\nlaw read_returns_what_was_appended\nstrategy window:w=3\n"
    "geometry B=1,Hq=2,Hkv=1,D=4,Dv=2\nvalues gaussian\nseed 3\nthreads 1\noperations\n  step 4\n  reload dirty\n";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  return at == std::string::npos ? "" : text.replace(at, from.size(), to);
}

std::string refusal(const std::string& text) {
  try {
    (void)parse_replay(text, "file");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ReplayFile, EveryDrawnCaseComesBackEqual) {
  Random random(3);
  int cases = 0;
  for (const Law* law : laws::all()) {
    for (const Strategy* strategy : all_strategies()) {
      const Subject subject = parse_subject(strategy->name);
      const bool engine = law->subject == LawSubject::kEngine;
      for (int i = 0; i < 20; ++i) {
        const std::optional<Case> c = draw_case(*law, engine ? nullptr : &subject, "", random, 60);
        if (!c) continue;
        EXPECT_EQ(parse_replay(replay_text({*c, "message", "1", "2", "..#\n##."}), "file"), *c) << str(*c);
        ++cases;
      }
    }
  }
  EXPECT_GT(cases, 100);
}

TEST(ReplayFile, FieldsMayBeLeftOutButNotTheLaw) {
  EXPECT_EQ(parse_replay(with("threads 1\n", ""), "file").threads, 1);
  EXPECT_NE(refusal(with("law read_returns_what_was_appended\n", "")), "");
}

TEST(ReplayFile, HostileTextIsRefusedWithOneLine) {
  const std::string texts[] = {"",
                               "\n",
                               "kvproof-replay 2\n",
                               "kvproof-replay 10\nlaw x\noperations\n",
                               std::string(1 << 21, 'a'),
                               std::string("kvproof-replay 1\n") + std::string(1 << 21, '\n'),
                               with("law read_returns_what_was_appended", "law no_such_law"),
                               with("window:w=3", "windw:w=3"),
                               with("window:w=3", "window:w=0"),
                               with("window:w=3", "-"),
                               with("Hq=2", "Hq=0"),
                               with("Hkv=1", "Hkv=3"),
                               with("D=4", "D=99999999999999999999"),
                               with("D=4", "D=-1"),
                               with("B=1", "B=2000000000"),
                               with("D=4,Dv=2", "D=1000000,Dv=1000000"),
                               with("seed 3", "seed -3"),
                               with("seed 3", "seed 3\nseed 4"),
                               with("threads 1", "threads 0"),
                               with("threads 1", "threads 1000000"),
                               with("operations", "operation"),
                               with("step 4", "step -4"),
                               with("step 4", "step 99999999999999999999"),
                               with("step 4", "step 70000"),
                               with("step 4", "step"),
                               with("step 4", "stepp 4"),
                               with("step 4", "step 4 5"),
                               with("step 4", "ask 4"),
                               with("reload dirty", "reload"),
                               with("reload dirty", std::string(5000, 'x')),
                               with("seed 3", "softcap nan"),
                               with("seed 3", "scale inf"),
                               with("seed 3", "dtype i8"),
                               with("seed 3", "mask maybe"),
                               with("seed 3", "causal perhaps"),
                               with("seed 3", "colour red"),
                               std::string("kvproof-replay 1\n\0\0law", 22)};
  for (const std::string& text : texts) {
    const std::string message = refusal(text);
    EXPECT_NE(message, "") << text.substr(0, 300);
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  std::string many = kGood;
  for (int i = 0; i < 5000; ++i) many += "fork\n";
  EXPECT_NE(refusal(many), "");
  EXPECT_EQ(refusal(kGood), "");
}

TEST(ReplayFile, EveryCutAndEveryFlippedByteIsReadOrRefused) {
  const std::string good = kGood;
  for (std::size_t i = 0; i < good.size(); ++i) {
    (void)refusal(good.substr(0, i));
    for (const char c : {'\0', '\n', '9', '=', ' ', char(good[i] ^ 0x40)}) {
      std::string damaged = good;
      damaged[i] = c;
      (void)refusal(damaged);
    }
  }
}

TEST(ReplayFile, AMissingFileIsAnErrorThatNamesIt) {
  expect_error(ErrorCode::kNotFound, "/nowhere/file.txt", [] { (void)read_replay("/nowhere/file.txt"); });
}

TEST(ReplayFile, ValuesThatAreTooManyAreNotWritten) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "kvproof_replay_values_test";
  const Case c = parse_replay(with("step 4", "step 30000"), "text");
  const std::string path = write_replay(folder.string(), {c, "message", "", "", ""});
  EXPECT_EQ(read_replay(path), c);
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(path).replace_extension(".safetensors")));
  std::filesystem::remove_all(folder);
}

TEST(ReplayFile, AFileThatIsWrittenIsReadBack) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "kvproof_replay_file_test";
  const Counterexample found{parse_replay(kGood, "text"), "message\nof two lines", "1", "", ""};
  const std::string path = write_replay(folder.string(), found);
  EXPECT_EQ(read_replay(path), found.example);
  const std::vector<Trace> values = read_trace((folder / "read_returns_what_was_appended.window.safetensors").string());
  ASSERT_EQ(values.size(), 1u);
  EXPECT_EQ(values[0].geometry(), found.example.geometry);
  EXPECT_EQ(values[0].tokens(), found.example.tokens());
  const Feed feed(found.example);
  EXPECT_EQ(values[0].scale, feed.scale());
  EXPECT_EQ(values[0].k.as<float>()[3], feed.key({0}, 0)[3]);
  std::filesystem::remove_all(folder);
  EXPECT_THROW((void)write_replay("/dev/null/folder", found), Error);
}

}  // namespace
}  // namespace kvproof
