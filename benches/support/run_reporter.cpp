#include "benches/support/run_reporter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "benches/support/table.h"

namespace kvproof {

RunReporter::RunReporter(RunWriter& writer, std::size_t cells)
    : writer_(writer), cells_(cells), terminal_(isatty(STDERR_FILENO) == 1) {}

void RunReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    const std::string& cell = run.run_name.function_name;
    ++done_;
    if (run.error_occurred) {
      if (failed()) continue;  // told once, by rethrow()
      ++wrong_;
      clear_progress();
      fmt::print(stderr, "kvproof bench: {}: {}\n", cell, run.error_message);
      continue;
    }
    for (const nlohmann::json& line : delivered_) {
      writer_.write(line);
      if (line["kind"].get<std::string>() != "limit") table_.push_back(line);
    }
    delivered_.clear();
    show_progress(cell);
  }
}

void RunReporter::Finalize() {
  clear_progress();
  print_table(table_);
}

void RunReporter::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

void RunReporter::show_progress(const std::string& cell) {
  if (terminal_) fmt::print(stderr, "\r\x1b[K[{}/{}] {}", done_, cells_, cell);
}

void RunReporter::clear_progress() const {
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace kvproof
