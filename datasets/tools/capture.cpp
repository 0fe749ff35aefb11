// kvproof capture: the queries, keys and values that a checkpoint computes over a text, as a trace for laws and
// benches.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "datasets/tools/capture_layers.h"
#include "engine/model/text.h"
#include "engine/tools/numbers.h"
#include "engine/tools/program.h"
#include "engine/tools/prompt.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kOutputs = 64;

struct Options {
  std::string model, layers = "all", dtype = "f16", out;
  PromptOptions prompt;
  std::optional<std::int64_t> tokens, outputs;
};

void declare(CLI::App& app, Options& o) {
  app.add_option("--model", o.model, "a folder with config.json and safetensors, or a .gguf file")
      ->required()
      ->type_name("DIR|FILE.gguf");
  o.prompt.declare(app);
  app.add_option("--tokens", o.tokens, "only the first N tokens of it")->check(CLI::Range(1, 1 << 30));
  app.add_option("--layers", o.layers, "which layers, as 0,2; or all")->capture_default_str();
  app.add_option("--dtype", o.dtype, "of q, k and v")->check(CLI::IsMember({"f16", "f32"}))->capture_default_str();
  app.add_option("--outputs", o.outputs, "write the attention outputs of the last M positions; default: 64, or all")
      ->check(CLI::Range(0, 1 << 30));
  app.add_option("--out", o.out, "the trace; an existing file is replaced")->required()->type_name("TRACE.safetensors");
}

std::vector<std::int64_t> layers_of(const Options& o, const ModelConfig& config) {
  const auto count = std::int64_t(config.layers.size());
  if (o.layers != "all") {
    return parse_numbers(o.layers, "--layers", fmt::format("all, or numbers from 0 to {}", count - 1));
  }
  std::vector<std::int64_t> layers(config.layers.size());
  std::iota(layers.begin(), layers.end(), 0);
  return layers;
}

// The first --tokens tokens of the text.
std::vector<std::int64_t> tokens_of(const Options& o, const ModelConfig& config) {
  std::vector<std::int64_t> ids =
      o.prompt.is_text() ? tokenizer_of(o.model, config)->encode(o.prompt.text()) : o.prompt.ids();
  if (!o.tokens) return ids;
  if (std::int64_t(ids.size()) < *o.tokens) {
    throw Error(ErrorCode::kUsage, fmt::format("--tokens {}: the text has {}", *o.tokens, ids.size()));
  }
  ids.resize(std::size_t(*o.tokens));
  return ids;
}

// Asked before the model runs: that takes minutes.
void check_place(const std::string& out) {
  if (out.empty()) throw Error(ErrorCode::kUsage, "--out '': expected the name of a file");
  const fs::path folder = fs::path(out).parent_path();
  std::error_code ignored;
  if (fs::is_directory(out, ignored)) throw Error(ErrorCode::kIo, out + ": is a folder; expected the name of a file");
  if (!folder.empty() && !fs::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kIo, fmt::format("{}: there is no folder {}", out, folder.string()));
  }
}

// The name of a folder or of a file without its ending.
std::string name_of_model(const std::string& path) {
  const fs::path whole = fs::canonical(path);
  return (fs::is_directory(whole) ? whole.filename() : whole.stem()).string();
}

int capture(int argc, char** argv) {
  CLI::App app(
      "Writes the queries, keys and values of a checkpoint's layers as a trace, which --data of verify and bench "
      "takes.\n"
      "Example: kvproof capture --model datasets/tiny-gemma --prompt-file README.md --tokens 1024 --layers 1,3 "
      "--out mine.safetensors",
      "kvproof capture");
  Options o;
  declare(app, o);
  if (const auto done = parse_arguments(app, argc, argv)) return *done;
  if (!o.prompt.given()) {
    throw Error(ErrorCode::kUsage, "one of --prompt, --prompt-file, --prompt-ids and --prompt-ids-file is needed");
  }
  check_place(o.out);

  Checkpoint checkpoint = open_checkpoint(o.model);
  const ModelConfig config = checkpoint.config;
  const std::vector<std::int64_t> ids = tokens_of(o, config);
  const auto n = std::int64_t(ids.size());
  const CaptureOptions options{.layers = layers_of(o, config),
                               .dtype = parse_dtype(o.dtype),
                               .outputs = o.outputs.value_or(std::min(kOutputs, n))};
  TraceContents trace = capture_layers(std::move(checkpoint), ids, options);
  const std::string& name = trace.metadata["model"] = name_of_model(o.model);
  write_safetensors(o.out, trace.tensors, trace.metadata);
  fmt::print("{}: layers {} of {}, {} tokens, Hq={} Hkv={} D={}, {}\n", o.out, trace.metadata["layers"], name, n,
             config.heads, config.kv_heads, config.head_dim, o.dtype);
  return kExitFine;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("capture", argc, argv, kvproof::capture); }
