// What tools read of a hunt: cells of the run file and the statistics.
#include <cmath>

#include "properties/support/replay_file.h"
#include "properties/tools/kill_matrix.h"

namespace kvproof {
namespace {

using nlohmann::json;

json names_where(const std::vector<Outcome>& outcomes, Proof::Verdict verdict) {
  json names = json::array();
  for (const Outcome& o : outcomes) {
    if (o.proof.verdict == verdict) names.push_back(o.law->name);
  }
  return names;
}

// Infinity has no spelling in JSON: absent.
json quantiles_json(const std::optional<Quantiles>& q) {
  json result = json::object();
  if (q && std::isfinite(q->median)) result["median"] = q->median;
  if (q && std::isfinite(q->p90)) result["p90"] = q->p90;
  return result;
}

// As its maintainers would be told, with what the law that tells it best found, if it was run and did.
json defect_json(const Hunt& hunt) {
  const Defect told = hunt.mutant->defect();
  json result = {{"library", told.library},
                 {"law", told.law},
                 {"input", printable(told.input)},
                 {"expected", printable(told.expected)},
                 {"actual", printable(told.actual)}};
  for (const Outcome& o : hunt.outcomes) {
    if (!failed(o) || o.law->name != told.law) continue;
    result["message"] = printable(o.proof.message);
    if (o.proof.refutation) result["counterexample"] = printable(replay_text(*o.proof.refutation));
  }
  return result;
}

json score_json(const Score& score) {
  const Interval interval = score.interval();
  return {{"killed", score.killed}, {"all", score.all}, {"low", interval.low}, {"high", interval.high}};
}

}  // namespace

json mutant_cell(const Hunt& hunt) {
  const Mutant& mutant = *hunt.mutant;
  const bool control = mutant.role == Role::kControl;
  const Outcome* k = hunt.killer();
  const Counterexample* found = k && k->proof.refutation ? &*k->proof.refutation : nullptr;
  json cell = {{"kind", "mutant"},
               {"name", mutant.strategy.name},
               {"source", mutant.source},
               {"class", mutant.fault_class},
               {"killed", hunt.killed()},
               {"by", k ? k->law->name : ""},
               {"seconds", hunt.seconds()},
               {"operations", found ? found->example.operations.size() : 0},
               {"control", control},
               {"fault", mutant.fault},
               {"laws", names_where(hunt.outcomes, Proof::Verdict::kFail)},
               {"held", names_where(hunt.outcomes, Proof::Verdict::kPass)}};
  if (mutant.waiting_for) cell["waiting_for"] = mutant.waiting_for;
  if (k && !control) cell["ended"] = fates({hunt}).front().ended;
  if (k) cell["message"] = printable(k->proof.message);
  if (found) cell["counterexample"] = printable(replay_text(*found));
  if (mutant.defect && !mutant.waiting_for) cell["defect"] = defect_json(hunt);
  return cell;
}

json statistics_json(const std::vector<Hunt>& hunts) {
  const std::vector<Fate> all = fates(hunts);
  const std::vector<std::string> names = law_names(hunts);
  const KillStatistics s = kill_statistics(all, names);
  json classes = json::array(), laws = json::array(), fragile = json::array(), idle = json::array();
  for (const Score& score : s.classes) {
    classes.push_back(score_json(score));
    classes.back()["class"] = score.name;
  }
  for (const LawKills& law : s.laws) {
    laws.push_back({{"law", law.law}, {"kills", law.kills}, {"alone", law.alone}});
    if (law.kills == 0) idle.push_back(law.law);
  }
  for (const Fate* fate : s.fragile) fragile.push_back({{"name", fate->name}, {"by", fate->killers.front()}});
  return {{"score", score_json(s.all)},
          {"classes", classes},
          {"laws", laws},
          {"laws_that_kill_nothing", idle},
          {"one_killer", fragile},
          {"buckets",
           {{"0.1", s.buckets[0]},
            {"1", s.buckets[1]},
            {"10", s.buckets[2]},
            {"60", s.buckets[3]},
            {"later", s.buckets[4]},
            {"not_found", s.buckets[5]}}},
          {"seconds", quantiles_json(s.seconds)},
          {"operations", quantiles_json(s.operations)},
          {"ended", s.ended}};
}

}  // namespace kvproof
