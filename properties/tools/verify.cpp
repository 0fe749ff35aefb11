// kvproof verify: runs the laws over the strategies, and those of decoding over the ways to decode.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "engine/cache/plugin.h"
#include "engine/tools/program.h"
#include "properties/decoding/prove_way.h"
#include "properties/support/replay_file.h"
#include "properties/tools/discover.h"
#include "properties/tools/schedule.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

struct Options {
  std::vector<std::string> strategies, laws, plugins, ways;
  int cases = kDefaultCases;
  std::optional<double> seconds;
  std::uint64_t seed = kDefaultSeed;
  std::string data, out, json, junit, replays = "kvproof-replays";
  bool list = false, discover = false;
};

void declare(CLI::App& app, Options& o) {
  app.add_option("--strategy", o.strategies,
                 "A strategy; parameters that are spelled are fixed, others are drawn. Default: all")
      ->type_name("SPEC")
      ->allow_extra_args(false);
  app.add_option("--law", o.laws, "A law. Default: all")->type_name("NAME")->allow_extra_args(false);
  app.add_option("--cases", o.cases, "Cases per law and strategy")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--seconds", o.seconds, "Go on until this time is over, spread evenly")->check(CLI::Range(0.0, 1e6));
  app.add_option("--seed", o.seed, "The same seed gives the same cases")->capture_default_str();
  app.add_option("--data", o.data, "Values for the laws that take any: a generator, tiny-gemma, or a trace file")
      ->type_name("NAME|FILE");
  app.add_option("--plugin", o.plugins, "A shared object with strategies")->type_name("P.so")->allow_extra_args(false);
  CLI::Option* way =
      app.add_option("--way", o.ways, "Instead of strategies: a way to decode, with @CACHES behind it or not, or all")
          ->type_name("WAY")
          ->allow_extra_args(false)
          ->excludes("--strategy")
          ->excludes("--data");
  CLI::Option* out = app.add_option("--out", o.out, "Append cells to this run file")->type_name("RUN.jsonl");
  CLI::Option* json = app.add_option("--json", o.json, "Write one JSON document")->type_name("FILE");
  CLI::Option* junit = app.add_option("--junit", o.junit, "Write JUnit XML")->type_name("FILE");
  app.add_option("--replays", o.replays, "Folder for counterexamples")->type_name("DIR")->capture_default_str();
  app.add_flag("--list", o.list, "Print the laws and stop");
  app.add_flag("--discover", o.discover, "Instead: search for the strongest contract that each strategy keeps")
      ->excludes(out)
      ->excludes(json)
      ->excludes(junit)
      ->excludes(way);
  app.footer("for example: kvproof verify --strategy window:w=64 --law visible_set_is_the_declared_one --cases 500");
}

std::vector<const Law*> chosen_laws(const std::vector<std::string>& names) {
  if (names.empty()) return {laws::all().begin(), laws::all().end()};
  std::vector<const Law*> chosen;
  for (const std::string& name : names) {
    const Law* law = find_law(name);
    if (!law) throw Error(ErrorCode::kUsage, "law '" + name + "': unknown; --list names them");
    chosen.push_back(law);
  }
  return chosen;
}

std::vector<Subject> chosen_subjects(const std::vector<std::string>& specs) {
  std::vector<Subject> chosen;
  for (const std::string& spec : specs) chosen.push_back(parse_subject(spec));
  if (!specs.empty()) return chosen;
  for (const Strategy* s : all_strategies()) chosen.push_back(parse_subject(s->name));
  return chosen;
}

// The laws of decoding over the ways that were named.
std::vector<Job> way_jobs(const Options& o) {
  std::vector<const DecodingLaw*> laws;
  for (const std::string& name : o.laws) {
    laws.push_back(find_decoding_law(name));
    if (!laws.back()) throw Error(ErrorCode::kUsage, "law '" + name + "': none of decoding; --list names them");
  }
  if (o.laws.empty()) laws.assign(decoding_laws::all().begin(), decoding_laws::all().end());
  std::vector<Job> jobs;
  for (const DecodingLaw* law : laws) {
    for (const std::string& way : o.ways == std::vector<std::string>{"all"} ? all_ways() : o.ways) {
      (void)parse_way(way);  // what is none is said before anything runs
      jobs.push_back(
          {&law->law, nullptr, way, [law, way](const Effort& effort) { return prove_way(*law, way, effort); }});
    }
  }
  return jobs;
}

void print_laws() {
  std::vector<const Law*> laws(laws::all().begin(), laws::all().end());
  for (const DecodingLaw* law : decoding_laws::all()) laws.push_back(&law->law);
  for (const Law* law : laws) {
    fmt::print("{}\n  {}\n  {}; claimed by {}{}\n", law->name, law->formula, name_of(law->verdict), law->claimed_by,
               law->waiting_for ? fmt::format("; WAITING for {}", law->waiting_for) : "");
  }
}

std::string verdict_counts(const std::vector<Outcome>& outcomes) {
  std::map<std::string, int> counts;
  for (const Outcome& o : outcomes) ++counts[word(o.proof.verdict)];
  return fmt::format("{} passed, {} failed, {} not claimed, {} refused, {} waiting", counts["pass"], counts["fail"],
                     counts["not_claimed"], counts["refused"], counts["waiting"]);
}

void show_progress(std::size_t done, std::size_t all) {
  fmt::print(stderr, "\r{} of {} verdicts{}", done, all, done == all ? "\n" : "");
  std::fflush(stderr);
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error(ErrorCode::kIo, "cannot write " + path);
}

void write_files(const Options& o, const std::vector<Outcome>& outcomes, RunWriter* run) {
  nlohmann::json cells = nlohmann::json::array();
  for (const Outcome& outcome : outcomes) {
    cells.push_back(law_cell(outcome));
    if (run) run->write(cells.back());
  }
  if (!o.json.empty()) {
    const nlohmann::json document = {{"schema", "kvproof-verify/1"}, {"seed", o.seed}, {"laws", cells}};
    write_text(o.json, document.dump(1) + "\n");
  }
  if (!o.junit.empty()) write_text(o.junit, junit_xml(outcomes));
}

int run_discovery(const Options& o, const std::vector<const Law*>& laws, const std::vector<Subject>& subjects) {
  bool broken = false;
  for (const Subject& subject : subjects) {
    const Discovery found = discover(subject, laws, {.cases = o.cases, .seed = o.seed, .data = o.data});
    fmt::print("{}\n", discovery_text(found));
    std::fflush(stdout);
    broken = broken || std::any_of(found.outcomes.begin(), found.outcomes.end(), &failed);
  }
  return broken ? kExitFailed : kExitFine;
}

int verify(int argc, char** argv) {
  Options o;
  CLI::App app("Runs the laws over the strategies and prints law x strategy.", "kvproof verify");
  declare(app, o);
  if (const auto done = parse_arguments(app, argc, argv)) return *done;
  if (o.list) return print_laws(), kExitFine;
  prepare_to_prove();
  decoding_laws::register_all();
  for (const std::string& plugin : o.plugins) load_plugin(plugin);
  const std::vector<const Law*> laws = chosen_laws(o.ways.empty() ? o.laws : std::vector<std::string>());
  const std::vector<Subject> subjects = chosen_subjects(o.strategies);
  if (o.discover) return run_discovery(o, laws, subjects);
  const std::vector<Job> jobs = o.ways.empty() ? all_jobs(laws, subjects) : way_jobs(o);
  std::optional<RunWriter> run;  // opened first: a file that cannot be written must not cost a run
  if (!o.out.empty()) run.emplace(o.out, manifest("kvproof-verify", o.seed));

  Schedule schedule{{.cases = o.cases, .seed = o.seed, .data = o.data}, o.seconds, {}};
  if (isatty(STDERR_FILENO)) schedule.progress = &show_progress;
  std::vector<Outcome> outcomes = with_waiting_once(run_jobs(jobs, schedule));

  const std::size_t failures = std::size_t(std::count_if(outcomes.begin(), outcomes.end(), &failed));
  // A folder that cannot be written must not cost the result that was to be written there.
  std::string unwritten;
  for (Outcome& outcome : outcomes) {
    if (!failed(outcome)) continue;
    try {
      if (outcome.proof.refutation) outcome.replay = write_replay(o.replays, *outcome.proof.refutation);
    } catch (const Error& error) {
      unwritten = error.what();
    }
  }
  fmt::print("{}{}", failures_text(outcomes), matrix(outcomes));
  fmt::print("\nseed {}: {}\n", o.seed, verdict_counts(outcomes));
  write_files(o, outcomes, run ? &*run : nullptr);
  if (!unwritten.empty()) throw Error(ErrorCode::kIo, unwritten);
  return failures ? kExitFailed : kExitFine;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("verify", argc, argv, &kvproof::verify); }
