// kvproof mutants: runs the laws over known-bad subjects, and over controls that they must let pass.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "engine/tools/program.h"
#include "properties/support/child.h"
#include "properties/support/replay_file.h"
#include "properties/tools/kill_matrix.h"
#include "properties/tools/schedule.h"
#include "properties/tools/soundness.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

constexpr int kHuntCases = kDefaultCases / 3;  // what a law sees in a mutant, it sees early; there are many of both

struct Options {
  std::vector<std::string> mutants;
  std::optional<int> cases;
  std::optional<double> seconds;
  std::uint64_t seed = kDefaultSeed;
  std::string out, json, replays = "kvproof-replays";
  int soundness = 0, repeat = 0;
};

void declare(CLI::App& app, Options& o) {
  app.add_option("--mutant", o.mutants, "A mutant or a control. Default: all")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--cases", o.cases,
                 fmt::format("Cases per law and mutant. Default: {}, with --soundness or --repeat {}", kHuntCases,
                             kSoundnessCases))
      ->check(CLI::Range(1, 1000000));
  CLI::Option* seconds = app.add_option("--seconds", o.seconds, "Go on with survivors until this time is over")
                             ->check(CLI::Range(0.0, 1e6));
  app.add_option("--seed", o.seed, "The same seed gives the same cases")->capture_default_str();
  app.add_option("--soundness", o.soundness,
                 "Instead: right strategies and controls under this many seeds; counts false alarms")
      ->type_name("SEEDS")
      ->check(CLI::Range(1, 100000))
      ->excludes(seconds);
  app.add_option("--repeat", o.repeat, "Instead: this seed so many times; counts verdicts that change")
      ->type_name("TIMES")
      ->check(CLI::Range(1, 100000))
      ->excludes("--soundness")
      ->excludes(seconds);
  app.add_option("--out", o.out, "Append cells to this run file")->type_name("RUN.jsonl");
  app.add_option("--json", o.json, "Write one JSON document")->type_name("FILE");
  app.add_option("--replays", o.replays, "Folder for the counterexamples of false alarms")
      ->type_name("DIR")
      ->capture_default_str();
  app.footer(
      "for example: kvproof mutants --seconds 60 --out run.jsonl\n"
      "             kvproof mutants --soundness 300 --out run.jsonl");
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

// Laws of the engine say nothing of a strategy; engine_faults_test.cpp plants faults for them.
std::vector<const Law*> hunting_laws() {
  std::vector<const Law*> chosen;
  for (const Law* law : laws::all()) {
    if (law->subject == LawSubject::kStrategy && !law->waiting_for) chosen.push_back(law);
  }
  return chosen;
}

Effort effort_of(const Options& o) {
  const int usual = o.soundness > 0 || o.repeat > 0 ? kSoundnessCases : kHuntCases;
  return {.cases = o.cases.value_or(usual), .seed = o.seed};
}

// The law that tells the defect of a mutant best; empty if it has none. Asked in a child, because the subject may start
// threads, and this process must have one when it starts the next child.
std::string law_of_defect(const Mutant& m) {
  if (!m.defect || m.waiting_for) return {};
  return run_in_child([&] { return m.defect().law; }, kPatience).answer.value_or("");
}

// A mutant dies of many laws, and only the shortest counterexample and that of its defect's law are shown: first all
// laws look for one as it comes, then those and the few that came shortest make theirs small. The same seed finds the
// same again.
void make_small(std::vector<Hunt>& hunts, const std::vector<Subject>& subjects, const Effort& effort) {
  constexpr std::size_t kFew = 3;
  std::vector<Job> jobs;
  std::vector<Outcome*> places;
  for (Hunt& h : hunts) {
    const std::vector<Outcome*> kills = h.kills();
    const std::string told_by = law_of_defect(*h.mutant);
    for (std::size_t i = 0; i < kills.size(); ++i) {
      Outcome* o = kills[i];
      if (i >= kFew && o->law->name != told_by) continue;
      const auto subject =
          std::find_if(subjects.begin(), subjects.end(), [&](const Subject& s) { return s.label == o->subject; });
      jobs.push_back({o->law, &*subject});
      places.push_back(o);
    }
  }
  std::vector<Outcome> small = run_jobs(jobs, {effort, {}, {}});
  for (std::size_t i = 0; i < small.size(); ++i) {
    if (failed(small[i])) places[i]->proof = std::move(small[i].proof);
  }
}

std::vector<Hunt> hunt(const std::vector<const Mutant*>& chosen, const Options& o) {
  std::vector<Subject> subjects;
  std::vector<Hunt> hunts;
  for (const Mutant* m : chosen) {
    hunts.push_back({m, {}});
    if (!m->waiting_for) subjects.push_back(parse_subject(m->strategy.name));
  }
  Schedule schedule{effort_of(o), o.seconds, {}};
  if (!o.seconds) schedule.effort.max_simplifications = 0;
  if (isatty(STDERR_FILENO)) {
    schedule.progress = [](std::size_t done, std::size_t all) {
      fmt::print(stderr, "\r{} of {} verdicts{}", done, all, done == all ? "\n" : "");
    };
  }
  for (Outcome& outcome : run_jobs(all_jobs(hunting_laws(), subjects), schedule)) {
    const auto at = std::find_if(hunts.begin(), hunts.end(),
                                 [&](const Hunt& h) { return outcome.subject == h.mutant->strategy.name; });
    at->outcomes.push_back(std::move(outcome));
  }
  if (!o.seconds) make_small(hunts, subjects, effort_of(o));
  return hunts;
}

void write_json(const std::string& path, const nlohmann::json& document) {
  if (path.empty()) return;
  std::ofstream file(path, std::ios::binary);
  file << document.dump(1) << "\n";
  file.close();
  if (!file) throw Error(ErrorCode::kIo, "cannot write " + path);
}

// What must hold of the laws as a whole can be asked only where all mutants met all laws.
std::vector<std::string> idle_laws(const std::vector<Hunt>& hunts) {
  std::vector<std::string> idle;
  const std::vector<Fate> all = fates(hunts);
  for (const LawKills& law : kill_statistics(all, law_names(hunts)).laws) {
    if (law.kills == 0) idle.push_back(law.law);
  }
  return idle;
}

int run_hunt(const Options& o, RunWriter* run) {
  const std::vector<Hunt> hunts = hunt(chosen_mutants(o.mutants), o);
  std::size_t bad = 0, waiting = 0;
  nlohmann::json cells = nlohmann::json::array();
  for (const Hunt& h : hunts) {
    cells.push_back(mutant_cell(h));
    if (run) run->write(cells.back());
    waiting += h.waits();
    if (h.as_wanted()) continue;
    ++bad;
    if (h.killed()) fmt::print("{}\n", failure_text(*h.killer()));
  }
  write_json(
      o.json,
      {{"schema", "kvproof-mutants/1"}, {"seed", o.seed}, {"mutants", cells}, {"statistics", statistics_json(hunts)}});
  const bool complete = o.mutants.empty();
  const std::vector<std::string> idle = complete ? idle_laws(hunts) : std::vector<std::string>();
  fmt::print("{}", kill_matrix(hunts));
  if (!idle.empty()) fmt::print("laws that kill nothing:\n");
  for (const std::string& law : idle) fmt::print("  {}\n", law);
  fmt::print("\n{} of {} subjects did as they should, {} wait; {} of the laws kill nothing\n",
             hunts.size() - bad - waiting, hunts.size() - waiting, waiting,
             complete ? std::to_string(idle.size()) : "not asked how many");
  return bad > 0 || !idle.empty() ? kExitFailed : kExitFine;
}

Rounds round_counter() {
  if (!isatty(STDERR_FILENO)) return {};
  return [](int done, int all) { fmt::print(stderr, "\r{} of {} rounds{}", done, all, done == all ? "\n" : ""); };
}

// Everything that is right: the strategies that were there before the mutants came, and the controls.
std::vector<Subject> right_subjects(std::span<const Strategy* const> strategies) {
  std::vector<Subject> subjects;
  for (const Strategy* s : strategies) subjects.push_back(parse_subject(s->name));
  for (const Mutant* m : mutants::all()) {
    if (m->role == Role::kControl && !m->waiting_for) subjects.push_back(parse_subject(m->strategy.name));
  }
  return subjects;
}

int run_soundness(const Options& o, const std::vector<Subject>& right, RunWriter* run) {
  std::vector<const Law*> laws(laws::all().begin(), laws::all().end());
  std::erase_if(laws, [](const Law* law) { return law->waiting_for != nullptr; });
  Soundness result = soundness(all_jobs(laws, right), effort_of(o), o.soundness, round_counter());
  for (Soundness::Alarm& alarm : result.alarms) {
    if (!alarm.outcome.proof.refutation) continue;
    alarm.outcome.replay =
        write_replay(o.replays + fmt::format("/seed-{}", alarm.seed), *alarm.outcome.proof.refutation);
  }
  fmt::print("{}", soundness_text(result));
  const nlohmann::json cell = soundness_cell(result);
  if (run) run->write(cell);
  write_json(o.json, {{"schema", "kvproof-mutants/1"}, {"seed", o.seed}, {"soundness", cell}});
  return result.alarms.empty() ? kExitFine : kExitFailed;
}

int run_repetition(const Options& o, std::vector<Subject> right, RunWriter* run) {
  std::vector<Subject> subjects = o.mutants.empty() ? std::move(right) : std::vector<Subject>();
  for (const Mutant* m : chosen_mutants(o.mutants)) {
    const bool there =
        std::any_of(subjects.begin(), subjects.end(), [&](const Subject& s) { return s.label == m->strategy.name; });
    if (!m->waiting_for && !there) subjects.push_back(parse_subject(m->strategy.name));
  }
  const Repetition result = repetition(all_jobs(hunting_laws(), subjects), effort_of(o), o.repeat, round_counter());
  fmt::print("{}", repetition_text(result));
  const nlohmann::json cell = repetition_cell(result);
  if (run) run->write(cell);
  write_json(o.json, {{"schema", "kvproof-mutants/1"}, {"seed", o.seed}, {"repetition", cell}});
  return result.same == result.repeats ? kExitFine : kExitFailed;
}

int run_mutants(int argc, char** argv) {
  Options o;
  CLI::App app(
      "Runs the laws over known-bad subjects and prints the kill matrix; exit code 1 when a mutant survives, a control "
      "dies, or a law kills nothing.",
      "kvproof mutants");
  declare(app, o);
  if (const auto done = parse_arguments(app, argc, argv)) return *done;
  prepare_to_prove();
  const std::vector<const Strategy*> strategies(all_strategies().begin(), all_strategies().end());
  mutants::register_all();
  (void)chosen_mutants(o.mutants);  // what is unknown is said before anything is written
  std::optional<RunWriter> run;
  if (!o.out.empty()) run.emplace(o.out, manifest("kvproof-mutants", o.seed));
  RunWriter* writer = run ? &*run : nullptr;
  if (o.soundness > 0) return run_soundness(o, right_subjects(strategies), writer);
  if (o.repeat > 0) return run_repetition(o, right_subjects(strategies), writer);
  return run_hunt(o, writer);
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("mutants", argc, argv, &kvproof::run_mutants); }
