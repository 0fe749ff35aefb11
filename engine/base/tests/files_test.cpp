// Files are read as what they are and nothing else; what is saved appears whole or not at all.
#include "engine/base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <stdexcept>

#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/temp_folder.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path(name); }
  void put(const std::string& name, const std::string& text) const { folder_.put(name, text); }
  std::string get(const std::string& name) const { return folder_.get(name); }
  std::size_t files() const { return folder_.files(); }

 private:
  const TempFolder folder_;
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST_F(Files, AreReadAsTheyAreShortOrLong) {
  const std::string kilobytes(70'000, 'k'), megabytes(3'000'000, 'm');
  for (const std::string& text : {std::string(), std::string("a\0b", 3), kilobytes, megabytes}) {
    put("f", text);
    EXPECT_EQ(text_of(read_file(path("f")).bytes), text);
    EXPECT_EQ(text_of(MappedFile(path("f")).bytes()), text);
  }
}

TEST_F(Files, StayReadableWhenTheirNameIsGone) {
  put("f", "text");
  const SharedBytes copy = read_file(path("f"));
  const MappedFile mapped(path("f"));
  fs::remove(path("f"));
  EXPECT_EQ(text_of(copy.bytes), "text");
  EXPECT_EQ(text_of(mapped.bytes()), "text");
}

TEST_F(Files, ThatAreNoneAreRefusedWithoutWaiting) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  fs::create_directory(path("folder"));
  for (const char* name : {"pipe", "folder"}) {
    const std::string message = path(name) + ": not a regular file";
    expect_error(ErrorCode::kIo, message, [&] { read_file(path(name)); });
    expect_error(ErrorCode::kIo, message, [&] { const MappedFile file(path(name)); });
  }
  const std::string message = path("absent") + ": cannot be opened: ";
  expect_error(ErrorCode::kNotFound, message, [&] { read_file(path("absent")); });
  expect_error(ErrorCode::kNotFound, message, [&] { const MappedFile file(path("absent")); });
}

TEST_F(Files, GivenBackAreReadAgain) {
  const std::string text(1'000'000, 'x');
  put("f", text);
  const MappedFile file(path("f"));
  file.give_back(file.bytes());
  file.give_back(file.bytes().subspan(1, 500'000));
  EXPECT_EQ(text_of(file.bytes()), text);
}

TEST_F(Files, GiveBackNothingOfSomebodyElse) {
  put("f", "text");
  const MappedFile file(path("f"));
  const std::vector<std::byte> other(1'000'000, std::byte{7});
  file.give_back(other);
  MappedFile().give_back(other);
  EXPECT_EQ(other, std::vector<std::byte>(1'000'000, std::byte{7}));
}

TEST_F(Files, AreSavedPieceByPieceAndReplaceOlderOnes) {
  put("f", "a longer one that was there before");
  save_file(path("f"), [](const ByteSink& out) {
    out(bytes_of("new"));
    out({});
    out(bytes_of("er"));
  });
  EXPECT_EQ(get("f"), "newer");
  EXPECT_EQ(files(), 1u);
}

TEST_F(Files, StayAsTheyWereWhereASaveFails) {
  put("f", "old");
  const auto half = [](const ByteSink& out) {
    out(bytes_of("half"));
    throw std::runtime_error("stopped");
  };
  EXPECT_THROW(save_file(path("f"), half), std::runtime_error);
  EXPECT_THROW(replace_file(path("f"), [](const std::string&) { throw std::runtime_error("stopped"); }),
               std::runtime_error);
  EXPECT_EQ(get("f"), "old");
  EXPECT_EQ(files(), 1u);
}

TEST_F(Files, ThatCannotBeSavedAreNamed) {
  const auto nothing = [](const ByteSink&) {};
  expect_error(ErrorCode::kIo, path("no/f") + ": cannot be written: ", [&] { save_file(path("no/f"), nothing); });
  fs::create_directory(path("folder"));
  expect_error(ErrorCode::kIo, path("folder") + ": cannot be written: ", [&] { save_file(path("folder"), nothing); });
  expect_error(ErrorCode::kIo, path("g") + ": cannot be written: ", [&] {
    replace_file(path("g"), [](const std::string&) { /* leaves no file */ });
  });
  EXPECT_EQ(files(), 1u);
}

TEST_F(Files, AreWrittenOnlyWhereNoneIs) {
  write_file(path("f"), bytes_of("text"));
  EXPECT_EQ(get("f"), "text");
  expect_error(ErrorCode::kIo, path("f") + ": cannot be written: ", [&] { write_file(path("f"), {}); });
  fs::create_symlink(path("elsewhere"), path("link"));
  expect_error(ErrorCode::kIo, path("link") + ": cannot be written: ", [&] { write_file(path("link"), {}); });
  EXPECT_FALSE(fs::exists(path("elsewhere")));
}

}  // namespace
}  // namespace kvproof
