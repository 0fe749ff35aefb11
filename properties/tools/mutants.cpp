// kvproof mutants: runs the laws over known-bad subjects, and over controls that they must let pass.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "engine/tools/program.h"
#include "properties/tools/kill_matrix.h"
#include "properties/tools/schedule.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

struct Options {
  std::vector<std::string> mutants;
  int cases = kDefaultCases;
  std::optional<double> seconds;
  std::uint64_t seed = kDefaultSeed;
  std::string out, json;
};

void declare(CLI::App& app, Options& o) {
  app.add_option("--mutant", o.mutants, "A mutant or a control. Default: all")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--cases", o.cases, "Cases per law and mutant")->check(CLI::Range(1, 1000000))->capture_default_str();
  app.add_option("--seconds", o.seconds, "Go on with survivors until this time is over")->check(CLI::Range(0.0, 1e6));
  app.add_option("--seed", o.seed, "The same seed gives the same cases")->capture_default_str();
  app.add_option("--out", o.out, "Append cells to this run file")->type_name("RUN.jsonl");
  app.add_option("--json", o.json, "Write one JSON document")->type_name("FILE");
  app.footer("for example: kvproof mutants --seconds 60 --out run.jsonl");
}

std::vector<const Mutant*> chosen_mutants(const std::vector<std::string>& names) {
  const auto all = mutants::all();
  if (names.empty()) return {all.begin(), all.end()};
  std::vector<const Mutant*> chosen;
  for (const std::string& name : names) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const Mutant* m) { return name == m->strategy.name; });
    if (at == all.end()) {
      std::string known;
      for (const Mutant* m : all) known += (known.empty() ? "" : ", ") + std::string(m->strategy.name);
      throw Error(ErrorCode::kUsage, "mutant '" + name + "': unknown; known are " + known);
    }
    chosen.push_back(*at);
  }
  return chosen;
}

// Laws of the engine say nothing of a strategy.
std::vector<const Law*> laws_of_strategies() {
  std::vector<const Law*> chosen;
  for (const Law* law : laws::all()) {
    if (law->subject == LawSubject::kStrategy) chosen.push_back(law);
  }
  return chosen;
}

std::vector<Hunt> hunt(const std::vector<const Mutant*>& chosen, const Options& o) {
  std::vector<Subject> subjects;
  for (const Mutant* m : chosen) subjects.push_back(parse_subject(m->strategy.name));
  Schedule schedule{{.cases = o.cases, .seed = o.seed}, o.seconds, {}};
  if (isatty(STDERR_FILENO)) {
    schedule.progress = [](std::size_t done, std::size_t all) {
      fmt::print(stderr, "\r{} of {} verdicts{}", done, all, done == all ? "\n" : "");
    };
  }
  const std::vector<Outcome> outcomes = run_jobs(all_jobs(laws_of_strategies(), subjects), schedule);
  std::vector<Hunt> hunts;
  for (std::size_t m = 0; m < chosen.size(); ++m) {
    hunts.push_back({chosen[m], {}});
    for (std::size_t i = m; i < outcomes.size(); i += chosen.size()) hunts.back().outcomes.push_back(outcomes[i]);
  }
  return hunts;
}

void write_json(const std::string& path, const Options& o, const nlohmann::json& cells) {
  std::ofstream file(path, std::ios::binary);
  file << nlohmann::json{{"schema", "kvproof-mutants/1"}, {"seed", o.seed}, {"mutants", cells}}.dump(1) << "\n";
  file.close();
  if (!file) throw Error(ErrorCode::kIo, "cannot write " + path);
}

int run_mutants(int argc, char** argv) {
  Options o;
  CLI::App app(
      "Runs the laws over known-bad subjects and prints the kill matrix; exit code 1 when a mutant survives or a "
      "control dies.",
      "kvproof mutants");
  declare(app, o);
  if (const auto done = parse_arguments(app, argc, argv)) return *done;
  prepare_to_prove();
  mutants::register_all();
  const std::vector<const Mutant*> chosen = chosen_mutants(o.mutants);
  std::optional<RunWriter> run;
  if (!o.out.empty()) run.emplace(o.out, manifest("kvproof-mutants", o.seed));

  const std::vector<Hunt> hunts = hunt(chosen, o);
  std::size_t bad = 0;
  nlohmann::json cells = nlohmann::json::array();
  for (const Hunt& h : hunts) {
    cells.push_back(mutant_cell(h));
    if (run) run->write(cells.back());
    if (h.as_wanted()) continue;
    ++bad;
    if (h.killed()) fmt::print("{}\n", failure_text(*h.killer()));
  }
  if (!o.json.empty()) write_json(o.json, o, cells);
  fmt::print("{}\n{} of {} subjects did as they should\n", kill_matrix(hunts), hunts.size() - bad, hunts.size());
  return bad ? kExitFailed : kExitFine;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("mutants", argc, argv, &kvproof::run_mutants); }
