// Our reporter behind Google Benchmark: writes each cell to the run file as soon as it is measured,
// shows progress on a terminal and failures always, and prints the table at the end.
#pragma once

#include <benchmark/benchmark.h>

#include <exception>
#include <string>
#include <vector>

#include "benches/support/bench.h"
#include "reports/run_file.h"

namespace kvproof {

class RunReporter : public benchmark::BenchmarkReporter {
 public:
  RunReporter(RunWriter& writer, std::size_t cells);

  // Called by the body of the cell that runs: what it measured, or why it could not.
  void deliver(Lines lines) { delivered_ = std::move(lines); }
  void fail(std::exception_ptr failure) { failure_ = std::move(failure); }
  bool failed() const { return bool(failure_); }

  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

  std::size_t wrong_cells() const { return wrong_; }
  // Throws what stopped the run, if something did.
  void rethrow() const;

 private:
  void show_progress(const std::string& cell);
  void clear_progress() const;

  RunWriter& writer_;
  std::size_t cells_, done_ = 0, wrong_ = 0;
  bool terminal_;
  Lines delivered_;
  std::vector<nlohmann::json> table_;  // lines of kind bench and memory
  std::exception_ptr failure_;
};

}  // namespace kvproof
