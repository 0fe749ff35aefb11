// kvproof transform: reads an NNEF model, applies named transforms, writes it.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "engine/cache/plugin.h"
#include "engine/nnef/reader.h"
#include "engine/nnef/writer.h"
#include "engine/rewrite/transform.h"
#include "engine/tools/program.h"

namespace kvproof {
namespace {

struct Options {
  std::string model, out;
  std::vector<std::string> transforms, plugins;
  bool explain = false, portable = false, list = false;
};

void print_list() {
  for (const Transform& t : all_transforms()) {
    fmt::print("{:<30}{}\n", t.name, t.summary);
    for (const TransformParam& p : t.params) fmt::print("  {:<28}{}\n", fmt::format("{}=", p.name), p.help);
  }
}

// How often each rule of one transform fired and was declined, in the order in which rules first appear.
void print_report(const std::string& spec, const TransformReport& report) {
  std::vector<std::string> order;
  std::map<std::string, std::pair<int, int>> counts;
  for (const RewriteEvent& event : report.events) {
    if (counts.count(event.rule) == 0) order.push_back(event.rule);
    auto& [fired, declined] = counts[event.rule];
    ++(event.reason.empty() ? fired : declined);
  }
  fmt::print("{}\n", spec);
  for (const std::string& rule : order) {
    fmt::print("  {:<30}fired {}, declined {}\n", rule, counts[rule].first, counts[rule].second);
  }
  if (order.empty()) fmt::print("  nothing to do\n");
  for (const std::string& note : report.notes) fmt::print("  note: {}\n", note);
}

void apply(Model& model, const std::string& spec, const Options& options) {
  const TransformReport report = apply_transform(model, spec);
  print_report(spec, report);
  if (!options.explain) return;
  for (const std::string& line : explain_declined(model, report)) fmt::print("  {}\n", line);
}

std::optional<int> parse(int argc, char** argv, Options& options) {
  CLI::App app{
      "Reads an NNEF model, applies named transforms in the order given, and writes it.\n"
      "Example: kvproof transform model.nnef.tgz --apply transformers_detect_all\n"
      "           --apply fuse_kv_sdpa:strategy=kivi:bits=4 --explain --out fused.nnef.tar"};
  app.add_option("MODEL", options.model, "a folder, a tar or a gzipped tar");
  app.add_option("--apply", options.transforms, "NAME or NAME:param=value,...")
      ->type_name("TRANSFORM")
      ->allow_extra_args(false);
  app.add_flag("--explain", options.explain, "say for each place where a transform declined, why");
  app.add_flag("--portable", options.portable, "write fused attention as caches and attention, which all readers know");
  app.add_flag("--list", options.list, "list the transforms");
  app.add_option("--plugin", options.plugins, "a shared object with more strategies")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--out", options.out, "a .tar, .tgz or .tar.gz file, or a folder")->type_name("MODEL");
  if (const auto code = parse_arguments(app, argc, argv)) return code;
  if (options.list) return std::nullopt;
  if (options.model.empty()) throw Error(ErrorCode::kUsage, "MODEL is missing: expected a folder or an archive");
  if (options.out.empty()) throw Error(ErrorCode::kUsage, "--out is missing: expected where to write the model");
  return std::nullopt;
}

int run(int argc, char** argv) {
  Options options;
  if (const auto code = parse(argc, argv, options)) return *code;
  if (options.list) {
    print_list();
    return kExitFine;
  }
  for (const std::string& plugin : options.plugins) load_plugin(plugin);
  auto [model, warnings] = read_model(options.model);
  for (const std::string& warning : warnings) fmt::print(stderr, "{}\n", warning);
  for (const std::string& spec : options.transforms) apply(model, spec, options);
  if (options.portable) apply(model, "unfuse_kv_sdpa", options);
  write_archive(options.out, write_model(model, {.label = options.out}));
  return kExitFine;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("transform", argc, argv, kvproof::run); }
