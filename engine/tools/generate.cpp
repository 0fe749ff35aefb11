// kvproof generate: text from a checkpoint, with any cache strategy in any layer.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/parallel.h"
#include "engine/cache/plugin.h"
#include "engine/cache/snapshot.h"
#include "engine/model/checkpoint.h"
#include "engine/model/generator.h"
#include "engine/model/text.h"
#include "engine/tools/program.h"
#include "engine/tools/prompt.h"
#include "engine/tools/step_times.h"

namespace kvproof {
namespace {

struct Options {
  std::string model, cache, plan = "cached", save_state, load_state;
  PromptOptions prompt;
  std::int64_t n = 0;
  int threads = 0;
  bool greedy = false, print_ids = false, profile = false;
  SamplerOptions sampling;
  std::vector<std::string> plugins;
};

void declare(CLI::App& app, Options& o) {
  app.add_option("--model", o.model, "a folder with config.json and safetensors, or a .gguf file")
      ->required()
      ->type_name("DIR|FILE.gguf");
  o.prompt.declare(app);
  app.add_option("--n", o.n, "how many tokens to write, at most")->required()->check(CLI::Range(0, 1 << 24));
  app.add_flag("--greedy", o.greedy, "the likeliest token, always");
  app.add_option("--temperature", o.sampling.temperature, "above 0: draws at random");
  app.add_option("--top-k", o.sampling.top_k, "only the k likeliest tokens");
  app.add_option("--top-p", o.sampling.top_p, "only the likeliest tokens that together reach p");
  app.add_option("--min-p", o.sampling.min_p, "only tokens this much as likely as the likeliest");
  app.add_option("--repetition-penalty", o.sampling.repetition_penalty, "of tokens that stand in the text");
  app.add_option("--seed", o.sampling.seed, "of the draws");
  app.add_option("--cache", o.cache, "SPEC, or \"local=SPEC;global=SPEC\"; default: caches are concatenated");
  app.add_option("--plan", o.plan, "recompute, cached, lru:N, dynamic:N or bucketed:MAX; default cached")
      ->type_name("WAY");
  app.add_option("--save-state", o.save_state, "put the text aside behind the last token")->type_name("FILE");
  app.add_option("--load-state", o.load_state, "go on with a text that was put aside; the prompt joins it")
      ->type_name("FILE");
  app.add_option("--threads", o.threads, "default: all")->check(CLI::Range(1, 1024));
  app.add_flag("--print-ids", o.print_ids, "token ids instead of text");
  app.add_flag("--profile", o.profile, "where the time went, by operator and node, on standard error");
  app.add_option("--plugin", o.plugins, "a shared object with more strategies")->type_name("FILE");
}

void check(const Options& o) {
  if (o.greedy && o.sampling.temperature != 0) throw Error(ErrorCode::kUsage, "--greedy excludes --temperature");
  if (!o.greedy && o.sampling.temperature == 0) {
    throw Error(ErrorCode::kUsage, "one of --greedy and --temperature above 0 is needed");
  }
  if (!o.prompt.given() && o.load_state.empty()) {
    throw Error(ErrorCode::kUsage, "a prompt is needed, or a text to go on with (--load-state)");
  }
}

std::shared_ptr<const Decoders> open_decoders(const Options& o) {
  Checkpoint checkpoint = open_checkpoint(o.model);
  return std::make_shared<const Decoders>(checkpoint.config,
                                          std::make_shared<const SharedWeights>(std::move(checkpoint.weights)),
                                          DecoderChoices{o.cache, plan_profile_of(o.model)});
}

void print_notes(const Decoders& decoders) {
  for (const std::string& name : decoders.weights()->unused()) fmt::print(stderr, "unused tensor: {}\n", name);
  for (const std::string& note : decoders.notes()) fmt::print(stderr, "{}\n", note);
}

// The prompt behind `length` tokens. A text begins only once.
std::vector<std::int64_t> prompt_ids(const Options& o, const Tokenizer* tokenizer, const ModelConfig& config,
                                     std::int64_t length) {
  if (!o.prompt.given()) return {};
  if (!o.prompt.is_text()) return o.prompt.ids();
  std::vector<std::int64_t> ids = tokenizer->encode(o.prompt.text());
  if (length > 0 && config.bos && !ids.empty() && ids.front() == *config.bos) ids.erase(ids.begin());
  return ids;
}

// What the way had to build, where it built anything.
void print_counters(const Options& o, const Runner& runner) {
  const PlanCounters counters = runner.counters();
  if (o.profile && counters != PlanCounters{}) {
    fmt::print(stderr, "plans: {} built, {} hits, {} evicted\n", counters.built, counters.hits, counters.evicted);
  }
  if (runner.fallbacks() > 0) {
    fmt::print(stderr, "--plan {}: {} tokens behind its longest past got a plan of their own each\n", o.plan,
               runner.fallbacks());
  }
}

int write_text(const Options& o) {
  const auto decoders = open_decoders(o);
  const auto tokenizer = o.prompt.is_text() || !o.print_ids ? tokenizer_of(o.model, decoders->config()) : nullptr;
  const Sampler sampler(o.sampling);
  Generator generator(make_runner(o.plan, decoders), decoders->config());
  if (!o.load_state.empty()) load_snapshot(o.load_state, [&](SnapshotReader& reader) { generator.load(reader); });
  generator.append(prompt_ids(o, tokenizer.get(), decoders->config(), generator.length()));
  print_notes(*decoders);
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
  if (!o.save_state.empty()) save_snapshot(o.save_state, [&](SnapshotWriter& writer) { generator.save(writer); });
  if (o.profile) std::fputs(times.str().c_str(), stderr);
  print_counters(o, generator.runner());
  return kExitFine;
}

int generate(int argc, char** argv) {
  CLI::App app(
      "Writes text with a checkpoint, its caches held by any strategy.\n"
      "Example: kvproof generate --model datasets/tiny-gemma --prompt \"In the beginning\" --n 40 --greedy "
      "--cache \"local=window;global=in_place\"");
  Options o;
  declare(app, o);
  if (const auto done = parse_arguments(app, argc, argv)) return *done;
  check(o);
  for (const std::string& plugin : o.plugins) load_plugin(plugin);
  return with_threads(o.threads, [&] { return write_text(o); });
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("generate", argc, argv, kvproof::generate); }
