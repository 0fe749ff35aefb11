// kvproof replay: runs one counterexample file again, on any strategy or way to decode.
#include <fmt/format.h>

#include "engine/cache/plugin.h"
#include "engine/tools/program.h"
#include "properties/decoding/law.h"
#include "properties/support/isolate.h"
#include "properties/support/mutant.h"
#include "properties/support/replay_file.h"

namespace kvproof {
namespace {

// Whether `law` speaks of the strategy or way that is spelled so.
bool is_claimed(const Law& law, const std::string& subject) {
  if (law.subject == LawSubject::kEngine) return true;
  if (law.subject == LawSubject::kStrategy) return speaks_of(law, parse_spec(subject));
  const DecodingLaw* of_ways = find_decoding_law(law.name);
  return !of_ways->speaks_of || of_ways->speaks_of(parse_way(subject));
}

int replay(int argc, char** argv) {
  std::string path, strategy;
  std::vector<std::string> plugins;
  CLI::App app("Runs one counterexample again; exit code 1 while the law is still broken.", "kvproof replay");
  app.add_option("file", path, "A file that verify or mutants wrote")->required()->type_name("FILE");
  app.add_option("--strategy", strategy, "Run it on this strategy (or way to decode) instead")->type_name("SPEC");
  app.add_option("--plugin", plugins, "A shared object with strategies")->type_name("P.so")->allow_extra_args(false);
  app.footer(
      "for example: kvproof replay kvproof-replays/visible_set_is_the_declared_one.window.txt --strategy "
      "sinks:s=0,w=3");
  if (const auto done = parse_arguments(app, argc, argv)) return *done;
  prepare_to_prove();
  mutants::register_all();
  decoding_laws::register_all();
  for (const std::string& plugin : plugins) load_plugin(plugin);

  Case c = read_replay(path);
  const Law& law = *find_law(c.law);
  if (!strategy.empty()) {
    if (law.subject == LawSubject::kEngine) {
      throw Error(ErrorCode::kUsage,
                  "--strategy " + strategy + ": law '" + c.law + "' speaks of the engine, not of a strategy");
    }
    c.strategy = law.subject == LawSubject::kWay ? strategy : canonical_spec(parse_spec(strategy));
  }
  if (!is_claimed(law, c.strategy)) {
    throw Error(ErrorCode::kUsage,
                "law '" + c.law + "' is not claimed by " + c.strategy + "; it speaks of " + law.claimed_by);
  }
  if (law.waiting_for)
    throw Error(ErrorCode::kUsage, "law '" + c.law + "' has nothing to run yet: it waits for " + law.waiting_for);
  const Tried tried = refute_in_child(law, c, kPatience);
  fmt::print(stderr, "{}", tried.output);
  if (tried.broken) {
    fmt::print("{}", replay_text(*tried.broken));
    return kExitFailed;
  }
  fmt::print("{} holds on {}: {} comparisons\n", c.law, c.strategy.empty() ? "the engine" : c.strategy,
             tried.witness.comparisons());
  return kExitFine;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("replay", argc, argv, &kvproof::replay); }
