#include "benches/support/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string_view>

#include "benches/support/measured_model.h"
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
  std::string shape, dtype, random_checkpoint, probe;
  std::vector<std::string> plugins;
};

void declare_model(CLI::App& app, Options& options, Texts& texts) {
  auto* model = app.add_option("--model", options.model,
                               "of the suite model: a folder with config.json and safetensors, or a .gguf file; "
                               "default: the model that comes with kvproof");
  app.add_option("--random-checkpoint", texts.random_checkpoint, "SIZE[,dtype=bf16]: one of random weights, as 128MiB")
      ->excludes(model);
  app.add_option(
         "--cache", options.selection.caches,
         "of the suite model: unfused, SPEC, or \"local=SPEC;global=SPEC\", in place of the suite's; repeatable")
      ->allow_extra_args(false);
  app.add_option("--probe", texts.probe,
                 "load or read: does that once with --model and prints what it took; the suite model starts itself so");
}

void declare(CLI::App& app, Options& options, Texts& texts) {
  Selection& selection = options.selection;
  app.footer(kFooter);
  app.add_option("--suite", selection.suite, "quick, full or model")->capture_default_str();
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
                 "append, decode, growth, memory, prefill, rewriting, save_load; of models model_decode, model_load; "
                 "repeatable")
      ->allow_extra_args(false);
  declare_model(app, options, texts);
  app.add_option("--data", options.data, "a generator or a safetensors trace")->capture_default_str();
  app.add_option("--plugin", texts.plugins, "a shared object with strategies; repeatable")->allow_extra_args(false);
  app.add_option("--seed", options.seed, "of data and of the order in rounds")->capture_default_str();
  app.add_option("--seconds", options.seconds, "aim for the rounds of one cell")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  app.add_option("--out", options.out, "the run file, which is continued if it exists");
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

// What whole models are measured with. The shape, the types and the tokens are theirs.
void resolve_model(Options& options, const Texts& texts) {
  const Selection& selection = options.selection;
  const bool is_model = selection.suite == "model" || !texts.probe.empty();
  const bool has_model_options =
      !options.model.empty() || !texts.random_checkpoint.empty() || !selection.caches.empty();
  if (!is_model && has_model_options) {
    throw Error(ErrorCode::kUsage, "--model, --random-checkpoint and --cache go with --suite model");
  }
  if (is_model && (!texts.shape.empty() || !texts.dtype.empty() || !selection.nodes.empty())) {
    throw Error(ErrorCode::kUsage, "--shape, --dtype and --nodes do not go with --suite model");
  }
  if (!texts.random_checkpoint.empty()) options.random_checkpoint = parse_random_checkpoint(texts.random_checkpoint);
  if (!is_model || !texts.random_checkpoint.empty()) return;
  if (options.model.empty()) options.model = tiny_gemma_dir();
  if (texts.probe.empty()) return;
  if (texts.probe != "load" && texts.probe != "read") {
    throw Error(ErrorCode::kUsage, fmt::format("--probe {}: expected load or read", texts.probe));
  }
  options.probe = {.kind = texts.probe == "load" ? LoadProbe::Kind::kLoad : LoadProbe::Kind::kRead,
                   .model = options.model,
                   .caches = selection.caches.empty() ? kUnfused : selection.caches.front(),
                   .tokens = selection.tokens.empty() ? 0 : selection.tokens.front(),
                   .threads = selection.threads.empty() ? 1 : selection.threads.front()};
}

void resolve(Options& options, const Texts& texts) {
  Selection& selection = options.selection;
  for (const std::string& plugin : texts.plugins) load_plugin(plugin);
  check_range("tokens", selection.tokens, kMostTokens);
  check_range("nodes", selection.nodes, kMostNodes);
  check_range("threads", selection.threads, kMostThreads);
  resolve_model(options, texts);
  if (options.out.empty() && !options.probe) throw Error(ErrorCode::kUsage, "--out is required");
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
