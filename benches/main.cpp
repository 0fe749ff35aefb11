// kvproof bench: what strategies cost. Google Benchmark registers, names and runs every cell; each
// cell does its own interleaved timing and hands its figures over as manual time.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "benches/support/model_suite.h"
#include "benches/support/options.h"
#include "benches/support/quantity.h"
#include "benches/support/run_reporter.h"
#include "benches/support/temporary_folder.h"
#include "engine/base/parallel.h"
#include "engine/tools/program.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

// The time that Google Benchmark is told: the cell's median; none for quantities without a time.
double seconds_of(const Lines& lines) {
  return lines.front().contains("median") ? lines.front()["median"].get<double>() * 1e-9 : 0;
}

void run_cell(benchmark::State& state, const Cell& cell, Bench& bench, RunReporter& reporter) {
  if (reporter.failed()) return state.SkipWithError("the run was stopped");
  for (auto _ : state) {
    try {
      Lines lines = with_threads(cell.threads, [&] { return cell.quantity->measure(cell, bench); });
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

// The path of the model that is measured: as the command line says, or one that is made in `folder` for this run.
std::string model_path(const Options& options, std::optional<TemporaryFolder>& folder) {
  if (!options.random_checkpoint) return options.model;
  folder.emplace();
  const std::string path = folder->path() + "/" + str(*options.random_checkpoint);
  std::filesystem::create_directory(path);
  write_random_checkpoint(*options.random_checkpoint, options.seed, path);
  return path;
}

int run(int argc, char** argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options) return 0;
  if (options->probe) {
    fmt::print("{}\n", str(with_threads(options->probe->threads, [&] { return probe_load(*options->probe); })));
    return 0;
  }
  std::optional<TemporaryFolder> folder;
  std::shared_ptr<const MeasuredModel> model;
  if (options->selection.suite == "model") model = std::make_shared<MeasuredModel>(model_path(*options, folder));
  const Cells cells = model ? model_cells(options->selection, *model) : select_cells(options->selection);
  initialise_google_benchmark(*options, argv[0]);
  const nlohmann::json head = manifest("kvproof-bench", options->seed);
  RunWriter writer(options->out, head);

  Bench bench({.data = options->data,
               .seed = options->seed,
               .schedule = {.seconds = options->seconds, .seed = options->seed},
               .cold_bytes = cold_bytes(options->selection.suite, head["caches"]["L3"].get<std::size_t>()),
               .model = model});
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
