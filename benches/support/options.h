// The command line of kvproof bench.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "benches/support/load_probe.h"
#include "benches/support/random_checkpoint.h"
#include "benches/support/suite.h"

namespace kvproof {

struct Options {
  Selection selection;
  std::string data = "gaussian";
  std::uint64_t seed = 1;
  double seconds = 0.4;  // for the rounds of one cell
  std::string out;
  std::string model;                                  // of the suite "model"; a checkpoint's folder or file
  std::optional<RandomCheckpoint> random_checkpoint;  // one that is to be made for it
  std::optional<LoadProbe> probe;                     // nothing but this
  std::vector<std::string> benchmark_flags;           // --benchmark_...: handed to Google Benchmark
};

// Nothing if help was asked for and printed. Loads the plug-ins that are named. Throws
// Error(kUsage) with one line.
std::optional<Options> parse_options(int argc, char** argv);

}  // namespace kvproof
