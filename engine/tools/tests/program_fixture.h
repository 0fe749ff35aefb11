// A program as its users see it: what it prints, what it writes, and how it refuses bad usage.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "engine/base/tests/temp_folder.h"

namespace kvproof {

// Each test runs `program`, which is kvproof `verb`, with a folder of its own.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest(std::string verb, std::string program) : verb_(std::move(verb)), program_(std::move(program)) {}

  std::string file(const std::string& name) const { return folder_.path(name); }
  std::string text(const std::string& name) const { return folder_.get(name); }
  bool prints(const std::string& part) const { return text("stdout").find(part) != std::string::npos; }

  // The exit code. What was printed is in the files "stdout" and "stderr".
  virtual int run(const std::string& arguments) const {
    const std::string command =
        fmt::format("'{}' {} >'{}' 2>'{}'", program_, arguments, file("stdout"), file("stderr"));
    return WEXITSTATUS(std::system(command.c_str()));
  }
  void expect_refused(const std::string& arguments, const std::string& part) const {
    EXPECT_EQ(run(arguments), 2) << arguments;
    const std::string message = text("stderr");
    EXPECT_TRUE(message.starts_with(fmt::format("kvproof {}: ", verb_))) << arguments << ": " << message;
    EXPECT_NE(message.find(part), std::string::npos) << arguments << ": " << message;
    EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 1) << arguments << ": " << message;
  }

  const TempFolder folder_;

 private:
  const std::string verb_, program_;
};

}  // namespace kvproof
