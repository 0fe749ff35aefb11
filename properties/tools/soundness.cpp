// Many seeds on right subjects, and one seed many times; see soundness.h.
#include "properties/tools/soundness.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "properties/support/replay_file.h"
#include "reports/statistics.h"

namespace kvproof {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool tells(const Outcome& o) { return o.proof.verdict == Proof::Verdict::kPass || failed(o); }

// Everything of a verdict that must not change.
std::string fingerprint(const Outcome& o) {
  std::string text = fmt::format("{} {} {}\n", word(o.proof.verdict), o.proof.cases, o.proof.message);
  if (o.proof.refutation) text += replay_text(*o.proof.refutation);
  return text;
}

}  // namespace

double Soundness::bound() const {
  if (verdicts == 0) return 1;
  if (alarms.empty()) return std::min(1.0, 3.0 / double(verdicts));
  return wilson_interval(std::int64_t(alarms.size()), verdicts).high;
}

Soundness soundness(const std::vector<Job>& jobs, const Effort& effort, int seeds, const Rounds& progress) {
  const Clock::time_point start = Clock::now();
  Soundness result{.seeds = seeds, .cases = effort.cases};
  for (int i = 0; i < seeds; ++i) {
    Effort round = effort;
    round.seed += std::uint64_t(i);
    for (Outcome& o : run_jobs(jobs, {round, {}, {}})) {
      result.verdicts += tells(o);
      if (failed(o)) result.alarms.push_back({std::move(o), round.seed});
    }
    if (progress) progress(i + 1, seeds);
  }
  result.seconds = since(start);
  return result;
}

std::string soundness_text(const Soundness& result) {
  std::string text;
  for (const Soundness::Alarm& alarm : result.alarms) {
    text += fmt::format("FALSE ALARM with seed {}\n{}\n", alarm.seed, failure_text(alarm.outcome));
  }
  return text + fmt::format(
                    "soundness: {} {} in {} verdicts over {} seeds of {} cases; at most {:.2g} of all "
                    "verdicts at 95 %; {:.0f} s\n",
                    result.alarms.size(), result.alarms.size() == 1 ? "false alarm" : "false alarms", result.verdicts,
                    result.seeds, result.cases, result.bound(), result.seconds);
}

json soundness_cell(const Soundness& result) {
  json alarms = json::array();
  for (const Soundness::Alarm& alarm : result.alarms) {
    alarms.push_back(fmt::format("{} on {}, seed {}: {}", alarm.outcome.law->name, alarm.outcome.subject, alarm.seed,
                                 printable(alarm.outcome.proof.message)));
  }
  return {{"kind", "soundness"},
          {"seeds", result.seeds},
          {"cases", result.cases},
          {"verdicts", result.verdicts},
          {"alarms", result.alarms.size()},
          {"bound", result.bound()},
          {"seconds", result.seconds},
          {"alarm_list", alarms}};
}

Repetition repetition(const std::vector<Job>& jobs, const Effort& effort, int repeats, const Rounds& progress) {
  const Clock::time_point start = Clock::now();
  Repetition result{.repeats = repeats, .cases = effort.cases};
  std::vector<std::string> first;
  for (int i = 0; i < repeats; ++i) {
    const std::vector<Outcome> outcomes = run_jobs(jobs, {effort, {}, {}});
    bool same = true;
    for (std::size_t j = 0; j < outcomes.size(); ++j) {
      const Outcome& o = outcomes[j];
      if (i == 0) {
        result.verdicts += tells(o);
        result.counterexamples += o.proof.refutation.has_value();
        first.push_back(fingerprint(o));
      } else if (fingerprint(o) != first[j]) {
        same = false;
        result.different.push_back(fmt::format("{} on {}, round {}", o.law->name, o.subject, i + 1));
      }
    }
    result.same += same;
    if (progress) progress(i + 1, repeats);
  }
  result.seconds = since(start);
  return result;
}

std::string repetition_text(const Repetition& result) {
  std::string text;
  for (const std::string& line : result.different) text += "DIFFERENT: " + line + "\n";
  return text + fmt::format(
                    "repetition: {} of {} rounds are the same, of {} verdicts with {} counterexamples each; "
                    "{:.0f} s\n",
                    result.same, result.repeats, result.verdicts, result.counterexamples, result.seconds);
}

json repetition_cell(const Repetition& result) {
  return {{"kind", "repetition"},      {"repeats", result.repeats},         {"cases", result.cases},
          {"same", result.same},       {"verdicts", result.verdicts},       {"counterexamples", result.counterexamples},
          {"seconds", result.seconds}, {"different_list", result.different}};
}

}  // namespace kvproof
