// kvproof generate: text from a checkpoint, with any cache strategy in any layer.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "engine/cache/plugin.h"
#include "engine/model/cache_choice.h"
#include "engine/model/checkpoint.h"
#include "engine/model/decoder.h"
#include "engine/model/generator.h"
#include "engine/model/text.h"
#include "engine/tools/program.h"
#include "engine/tools/step_times.h"

namespace kvproof {
namespace {

struct Options {
  std::string model, prompt, cache;
  std::vector<std::int64_t> prompt_ids;
  std::int64_t n = 0;
  bool greedy = false, print_ids = false, profile = false;
  SamplerOptions sampling;
  std::vector<std::string> plugins;
};

void declare(CLI::App& app, Options& o) {
  app.add_option("--model", o.model, "a folder with config.json and safetensors, or a .gguf file")
      ->required()
      ->type_name("DIR|FILE.gguf");
  auto* prompt = app.add_option("--prompt", o.prompt, "what the text begins with");
  app.add_option("--prompt-ids", o.prompt_ids, "the same as token ids")->delimiter(',')->excludes(prompt);
  app.add_option("--n", o.n, "how many tokens to write, at most")->required()->check(CLI::Range(0, 1 << 24));
  app.add_flag("--greedy", o.greedy, "the likeliest token, always");
  app.add_option("--temperature", o.sampling.temperature, "above 0: draws at random");
  app.add_option("--top-k", o.sampling.top_k, "only the k likeliest tokens");
  app.add_option("--top-p", o.sampling.top_p, "only the likeliest tokens that together reach p");
  app.add_option("--min-p", o.sampling.min_p, "only tokens this much as likely as the likeliest");
  app.add_option("--repetition-penalty", o.sampling.repetition_penalty, "of tokens that stand in the text");
  app.add_option("--seed", o.sampling.seed, "of the draws");
  app.add_option("--cache", o.cache, "SPEC, or \"local=SPEC;global=SPEC\"; default: caches are concatenated");
  app.add_flag("--print-ids", o.print_ids, "token ids instead of text");
  app.add_flag("--profile", o.profile, "where the time went, by operator and node, on standard error");
  app.add_option("--plugin", o.plugins, "a shared object with more strategies")->type_name("FILE");
}

int generate(int argc, char** argv) {
  CLI::App app(
      "Writes text with a checkpoint, its caches held by any strategy.\n"
      "Example: kvproof generate --model datasets/tiny-gemma --prompt \"In the beginning\" --n 40 --greedy "
      "--cache \"local=window;global=in_place\"");
  Options o;
  declare(app, o);
  if (const auto done = parse_arguments(app, argc, argv)) return *done;
  if (o.greedy && o.sampling.temperature != 0) throw Error(ErrorCode::kUsage, "--greedy excludes --temperature");
  if (!o.greedy && o.sampling.temperature == 0) {
    throw Error(ErrorCode::kUsage, "one of --greedy and --temperature above 0 is needed");
  }
  for (const std::string& plugin : o.plugins) load_plugin(plugin);

  const Checkpoint checkpoint = open_checkpoint(o.model);
  const ModelConfig& config = checkpoint.config;
  Model decoder = build_decoder(config, *checkpoint.weights, {.logits = DecoderOptions::Logits::kLast});
  for (const std::string& name : checkpoint.weights->unused())
    std::fprintf(stderr, "unused tensor: %s\n", name.c_str());
  if (!o.cache.empty()) {
    for (const std::string& note : choose_caches(decoder, config, o.cache)) std::fprintf(stderr, "%s\n", note.c_str());
  }
  const bool needs_text = o.prompt_ids.empty() || !o.print_ids;
  const auto tokenizer = needs_text ? tokenizer_of(o.model, config) : nullptr;
  const Sampler sampler(o.sampling);
  Generator generator(std::make_shared<Plan>(decoder), config);
  generator.append(o.prompt_ids.empty() ? tokenizer->encode(o.prompt) : o.prompt_ids);
  StepTimes times;
  if (o.profile) generator.observe([&](const StepRecord& record) { times.add(record); });
  bool first = true;
  generator.generate(o.n, sampler, [&](std::int64_t id) {
    const std::string piece = o.print_ids ? fmt::format("{}{}", first ? "" : ",", id) : tokenizer->decode(id);
    std::fwrite(piece.data(), 1, piece.size(), stdout);
    std::fflush(stdout);
    first = false;
    return Generator::Go::kOn;
  });
  std::fputs("\n", stdout);
  if (o.profile) std::fputs(times.str().c_str(), stderr);
  return kExitFine;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("generate", argc, argv, kvproof::generate); }
