// kvproof capture from outside: a file that other verbs take, and bad usage that is told in one line.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "datasets/trace.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;

constexpr const char* kText = "And it came to pass in those days, that the code of the amber harp was 50713.";

class CaptureProgram : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / fmt::format("kvproof-capture-{}{}", info->name(), getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  int run(const std::string& program, const std::string& arguments) const {
    const std::string command = fmt::format("'{}' {} >'{}' 2>'{}'", program, arguments, file("stdout"), file("stderr"));
    return WEXITSTATUS(std::system(command.c_str()));
  }
  // Of the shipped model, to trace.safetensors.
  int capture(const std::string& arguments) const {
    return run(KVPROOF_CAPTURE_PROGRAM,
               fmt::format("--model '{}' --out '{}' {}", tiny_gemma_dir(), file("trace.safetensors"), arguments));
  }
  std::string text(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return text.str();
  }
  void expect_told(int code, const std::string& part, const std::string& arguments) const {
    EXPECT_EQ(code, 2) << arguments;
    const std::string message = text("stderr");
    EXPECT_EQ(message.find("kvproof capture: "), 0u) << arguments << ": " << message;
    EXPECT_NE(message.find(part), std::string::npos) << arguments << ": " << message;
    EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 1) << arguments << ": " << message;
  }
  void expect_refused(const std::string& arguments, const std::string& part) const {
    expect_told(capture(arguments), part, arguments);
  }

  fs::path folder_;
};

TEST_F(CaptureProgram, WritesATraceOfTheChosenLayers) {
  ASSERT_EQ(capture(fmt::format("--prompt '{}' --layers 1,0 --tokens 70", kText)), 0) << text("stderr");
  EXPECT_EQ(text("stdout"),
            file("trace.safetensors") + ": layers 1,0 of tiny-gemma, 70 tokens, Hq=4 Hkv=2 D=64, f16\n");
  const std::vector<Trace> layers = read_trace(file("trace.safetensors"));
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0].name, "tiny-gemma.0");
  EXPECT_EQ(layers[0].tokens(), 70);
  EXPECT_EQ(layers[0].expected_tokens(), 64);
  EXPECT_EQ(layers[0].window, 0);
  EXPECT_EQ(layers[1].window, 64);
}

TEST_F(CaptureProgram, ATextIsTheSameInWordsInAFileAndInNumbers) {
  std::ofstream(file("text")) << "so";
  std::ofstream(file("ids")) << "2 119\n115\n";
  std::vector<std::string> files;
  for (const std::string& prompt :
       {std::string("--prompt so"), "--prompt-file " + file("text"), std::string("--prompt-ids 2,119,115"),
        "--prompt-ids-file " + file("ids"), std::string("--prompt sold --tokens 3")}) {
    ASSERT_EQ(capture(prompt), 0) << text("stderr");
    files.push_back(text("trace.safetensors"));
  }
  for (const std::string& other : files) EXPECT_TRUE(other == files[0]);
}

TEST_F(CaptureProgram, ReplacesWhatWasThereOrLeavesItAlone) {
  std::ofstream(file("trace.safetensors")) << "old";
  EXPECT_EQ(capture("--prompt-ids 2,300"), 2);
  EXPECT_EQ(text("trace.safetensors"), "old");
  ASSERT_EQ(capture("--prompt-ids 2,30"), 0) << text("stderr");
  EXPECT_EQ(read_trace(file("trace.safetensors")).size(), 4u);
  fs::remove(file("stdout"));
  fs::remove(file("stderr"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(CaptureProgram, RefusesBadUsageInOneLine) {
  const std::string a = "--prompt a ";
  expect_refused("", "one of --prompt, --prompt-file, --prompt-ids and --prompt-ids-file is needed");
  expect_refused(a + "--prompt-ids 2", "excludes");
  expect_refused("--prompt-ids 2 --prompt-file x", "excludes");
  expect_refused("--prompt-ids 2 --prompt-ids-file x", "excludes");
  for (const char* ids : {"''", "2,x", "2,,3", "2,", "99999999999999999999"}) {
    expect_refused(std::string("--prompt-ids ") + ids, "expected token ids");
  }
  expect_refused("--prompt-ids 2,300", "token 300: expected 0 to 259");
  expect_refused("--prompt-file " + file("nowhere"), "nowhere");
  expect_refused("--prompt-ids-file " + file("nowhere"), "nowhere");
  expect_refused("--prompt-file " + folder_.string(), folder_.string());
  expect_refused(a + "--tokens 0", "--tokens");
  expect_refused(a + "--tokens 3", "--tokens 3: the text has 2");
  expect_refused(a + "--outputs 3", "the text has 2 tokens");
  expect_refused(a + "--layers 4", "layer 4: the model has layers 0 to 3");
  expect_refused(a + "--layers 0,0", "layer 0 is named twice");
  for (const char* layers : {"''", "1,", ",1", "'1;2'", "one", "0x1", "99999999999999999999"}) {
    expect_refused(a + "--layers " + layers, "expected all, or numbers from 0 to 3");
  }
  expect_refused(a + "--dtype u8", "--dtype");
  expect_refused(fmt::format("--prompt {}", std::string(2048, 'a')), "2048 positions");
  expect_refused(a + "--verbose", "--verbose");
}

TEST_F(CaptureProgram, RefusesPlacesThatAreNone) {
  const auto refused = [&](const std::string& model, const std::string& out, const std::string& part) {
    const std::string arguments = fmt::format("--model '{}' --out '{}' --prompt a", model, out);
    expect_told(run(KVPROOF_CAPTURE_PROGRAM, arguments), part, arguments);
  };
  refused(file("nowhere"), file("t.safetensors"), "nowhere");
  refused(file("nowhere.gguf"), file("t.safetensors"), "nowhere.gguf");
  refused(tiny_gemma_dir(), file("none/t.safetensors"), "there is no folder");
  refused(tiny_gemma_dir(), folder_.string(), "is a folder");
  refused(tiny_gemma_dir(), "", "--out");
}

#ifdef KVPROOF_VERIFY_PROGRAM
TEST_F(CaptureProgram, LawsTakeWhatItWrites) {
  ASSERT_EQ(capture(fmt::format("--prompt '{}'", kText)), 0) << text("stderr");
  const std::string arguments = fmt::format("--strategy in_place --law output_equals_the_oracle --cases 20 --data '{}'",
                                            file("trace.safetensors"));
  EXPECT_EQ(run(KVPROOF_VERIFY_PROGRAM, arguments), 0) << text("stderr");
  EXPECT_NE(text("stdout").find("PASS"), std::string::npos) << text("stdout");
}
#endif

}  // namespace
}  // namespace kvproof
