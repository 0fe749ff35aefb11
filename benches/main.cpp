// kvproof bench: what strategies cost. Google Benchmark registers, names and runs every cell; each
// cell does its own interleaved timing and hands its figures over as manual time.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <cstdio>

#include "benches/support/options.h"
#include "benches/support/quantity.h"
#include "benches/support/run_reporter.h"
#include "engine/tools/program.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

Lines measure_in_arena(const Cell& cell, Bench& bench) {
  const auto threads = static_cast<std::size_t>(cell.threads);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
  tbb::task_arena arena(cell.threads);
  return arena.execute([&] { return cell.quantity->measure(cell, bench); });
}

// The time that Google Benchmark is told: the cell's median; none for quantities without a time.
double seconds_of(const Lines& lines) {
  return lines.front().contains("median") ? lines.front()["median"].get<double>() * 1e-9 : 0;
}

void run_cell(benchmark::State& state, const Cell& cell, Bench& bench, RunReporter& reporter) {
  if (reporter.failed()) return state.SkipWithError("the run was stopped");
  for (auto _ : state) {
    try {
      Lines lines = measure_in_arena(cell, bench);
      state.SetIterationTime(seconds_of(lines));
      reporter.deliver(std::move(lines));
    } catch (const WrongResult& wrong) {
      state.SkipWithError((std::string("wrong result, not timed: ") + wrong.what()).c_str());
      break;
    } catch (const Error& error) {
      reporter.fail(std::make_exception_ptr(Error(error.code(), cell.name() + ": " + error.what())));
      state.SkipWithError("failed");
      break;
    }
  }
}

void initialise_google_benchmark(const Options& options, char* program) {
  std::vector<std::string> flags = options.benchmark_flags;
  std::vector<char*> argv = {program};
  for (std::string& flag : flags) argv.push_back(flag.data());
  int argc = int(argv.size());
  argv.push_back(nullptr);
  benchmark::Initialize(&argc, argv.data());
  if (argc > 1) throw Error(ErrorCode::kUsage, fmt::format("{}: Google Benchmark does not know it", argv[1]));
}

int run(int argc, char** argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options) return 0;
  const Cells cells = select_cells(options->selection);
  initialise_google_benchmark(*options, argv[0]);
  const nlohmann::json head = manifest("kvproof-bench", options->seed);
  RunWriter writer(options->out, head);

  Bench bench({.data = options->data,
               .seed = options->seed,
               .schedule = {.seconds = options->seconds, .seed = options->seed},
               .cold_bytes = cold_bytes(options->selection.suite, head["caches"]["L3"].get<std::size_t>())});
  RunReporter reporter(writer, cells.size());
  for (const Cell& cell : cells) {
    benchmark::RegisterBenchmark(cell.name().c_str(),
                                 [&](benchmark::State& state) { run_cell(state, cell, bench, reporter); })
        ->UseManualTime()
        ->Iterations(1);
  }
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.rethrow();
  return reporter.wrong_cells() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("bench", argc, argv, kvproof::run); }
