#include "benches/support/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string_view>

#include "datasets/generator.h"
#include "datasets/trace.h"
#include "engine/base/error.h"
#include "engine/cache/plugin.h"

namespace kvproof {
namespace {

constexpr const char* kFooter =
    "Example: kvproof bench --strategy in_place --strategy kivi:bits=4 --tokens 1024,4096 --out "
    "run.jsonl";
constexpr Position kMostTokens = Position(1) << 24;
constexpr std::int64_t kMostNodes = 1000000;
constexpr int kMostThreads = 1024;

// What the command line says, before anything is resolved.
struct Texts {
  std::string shape, dtype;
  std::vector<std::string> plugins;
};

void declare(CLI::App& app, Options& options, Texts& texts) {
  Selection& selection = options.selection;
  app.footer(kFooter);
  app.add_option("--suite", selection.suite, "quick or full")->capture_default_str();
  app.add_option("--strategy", selection.strategies, "SPEC, in place of the suite's; repeatable")
      ->allow_extra_args(false);
  app.add_option("--tokens", selection.tokens, "T,T,...: tokens held")->delimiter(',')->allow_extra_args(false);
  app.add_option("--nodes", selection.nodes, "N,N,...: of the models that are rewritten")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--shape", texts.shape, "B=1,Hq=32,Hkv=8,D=128");
  app.add_option("--threads", selection.threads, "N,N,...")->delimiter(',')->allow_extra_args(false);
  app.add_option("--dtype", texts.dtype, "of q, k, v and out: f32, f16, bf16");
  app.add_option("--quantity", selection.quantities,
                 "append, decode, growth, memory, prefill, rewriting, save_load; repeatable")
      ->allow_extra_args(false);
  app.add_option("--data", options.data, "a generator or a safetensors trace")->capture_default_str();
  app.add_option("--plugin", texts.plugins, "a shared object with strategies; repeatable")->allow_extra_args(false);
  app.add_option("--seed", options.seed, "of data and of the order in rounds")->capture_default_str();
  app.add_option("--seconds", options.seconds, "aim for the rounds of one cell")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  app.add_option("--out", options.out, "the run file, which is continued if it exists")->required();
}

template <class T>
void check_range(const char* option, const std::vector<T>& values, T most) {
  for (const T value : values) {
    if (value >= 1 && value <= most) continue;
    throw Error(ErrorCode::kUsage, fmt::format("--{} {}: expected 1 to {}", option, value, most));
  }
}

bool is_generator(const std::string& name) {
  for (const Generator* generator : generators::all()) {
    if (generator->name == name) return true;
  }
  return false;
}

// A trace file has a shape of its own.
void take_shape_of_data(Options& options) {
  if (is_generator(options.data)) return;
  const Geometry shape = load_data(options.data, kPlainShape, 1, options.seed).front().geometry();
  if (options.selection.shape && *options.selection.shape != shape) {
    throw Error(ErrorCode::kUsage, fmt::format("--shape {}: the data of {} have {}", str(*options.selection.shape),
                                               options.data, str(shape)));
  }
  options.selection.shape = shape;
}

void resolve(Options& options, const Texts& texts) {
  Selection& selection = options.selection;
  for (const std::string& plugin : texts.plugins) load_plugin(plugin);
  check_range("tokens", selection.tokens, kMostTokens);
  check_range("nodes", selection.nodes, kMostNodes);
  check_range("threads", selection.threads, kMostThreads);
  if (!texts.shape.empty()) selection.shape = parse_geometry(texts.shape, kPlainShape);
  if (!texts.dtype.empty()) selection.dtype = parse_dtype(texts.dtype);
  if (selection.dtype && !is_float(*selection.dtype)) {
    throw Error(ErrorCode::kUsage, fmt::format("--dtype {}: expected f32, f16 or bf16", texts.dtype));
  }
  take_shape_of_data(options);
  if (selection.shape && selection.shape->dv < 1) {
    throw Error(ErrorCode::kUsage, "--shape: a cache with Dv=0 has no attention to measure; expected Dv >= 1");
  }
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  std::vector<std::string> rest;
  for (int i = argc - 1; i > 0; --i) {  // CLI11 takes them last first
    const std::string_view flag = argv[i];
    (flag.starts_with("--benchmark_") ? options.benchmark_flags : rest).emplace_back(flag);
  }
  Texts texts;
  CLI::App app("Measures what strategies cost, each beside concat and beside the machine's limit.", "kvproof bench");
  declare(app, options, texts);
  try {
    app.parse(std::move(rest));
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::kUsage, error.what());
  }
  resolve(options, texts);
  return options;
}

}  // namespace kvproof
