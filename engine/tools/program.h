// The frame of every kvproof program: arguments, errors, exit codes.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <optional>

#include "engine/base/error.h"

namespace kvproof {

enum ExitCode {
  kExitFine = 0,
  kExitFailed = 1,  // a law or check failed
  kExitUsage = 2,   // bad usage or input
  kExitRegressed = 3,
  kExitInconclusive = 4,
  kExitInvalid = 5,
  kExitNoBaseline = 6
};

// Parses the command line. Empty: go on. Else the program is done (help was printed). Throws Error(kUsage).
inline std::optional<int> parse_arguments(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return kExitFine;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::kUsage, error.what());
  }
  return std::nullopt;
}

// Calls run and turns what it throws into one line on standard error and exit code 2.
inline int run_program(const char* verb, int argc, char** argv, int (*run)(int, char**)) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kvproof %s: %s\n", verb, error.what());
    return kExitUsage;
  }
}

}  // namespace kvproof
