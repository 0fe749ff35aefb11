#include "properties/tools/kill_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "properties/support/replay_file.h"

namespace kvproof {
namespace {

std::int64_t operations(const Outcome& o) {
  return o.proof.refutation ? std::int64_t(o.proof.refutation->example.operations.size()) : 0;
}

// Shortest counterexample first; then fewest tokens; then a law with a counterexample before one that starved.
auto rank(const Outcome& o) {
  return std::tuple(!o.proof.refutation, operations(o), o.proof.refutation ? o.proof.refutation->example.tokens() : 0);
}

// One column a law, in the order of `outcomes`: K killed, . held, blank not claimed.
std::string cells(const Hunt& hunt) {
  std::string text;
  for (const Outcome& o : hunt.outcomes) {
    text += failed(o) ? " K " : o.proof.verdict == Proof::Verdict::kPass ? " . " : "   ";
  }
  return text;
}

std::size_t name_width(const std::vector<Hunt>& hunts) {
  std::size_t width = 0;
  for (const Hunt& h : hunts) width = std::max(width, std::string(h.mutant->strategy.name).size());
  return width;
}

std::string verdict(const Hunt& h) {
  if (h.mutant->role == Role::kControl) return h.killed() ? "FALSE ALARM" : "survived, as it should";
  return h.killed() ? "killed" : "SURVIVED";
}

}  // namespace

const Outcome* Hunt::killer() const {
  const Outcome* best = nullptr;
  for (const Outcome& o : outcomes) {
    if (failed(o) && (!best || rank(o) < rank(*best))) best = &o;
  }
  return best;
}

double Hunt::seconds() const {
  if (const Outcome* k = killer()) return k->proof.seconds;
  double all = 0;
  for (const Outcome& o : outcomes) all += o.proof.seconds;
  return all;
}

std::string kill_matrix(const std::vector<Hunt>& hunts) {
  if (hunts.empty()) return "";
  const std::size_t width = name_width(hunts);
  std::string text = "laws (K kills, . holds, blank: not claimed)\n";
  const std::vector<Outcome>& first = hunts.front().outcomes;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto kills = std::count_if(hunts.begin(), hunts.end(), [i](const Hunt& h) {
      return h.mutant->role == Role::kMutant && failed(h.outcomes[i]);
    });
    text += fmt::format("  {:>2}  {}, {} kills\n", i + 1, first[i].law->name, kills);
  }
  text += fmt::format("\n{:<{}} ", "", width);
  for (std::size_t i = 0; i < first.size(); ++i) text += fmt::format("{:>2} ", i + 1);
  text += "\n";
  for (const Hunt& h : hunts) text += fmt::format("{:<{}} {}\n", h.mutant->strategy.name, width, cells(h));
  text += "\n";
  for (const Hunt& h : hunts) {
    const Outcome* k = h.killer();
    text += fmt::format("{:<{}}  {:<22}  {:>6.2f} s", h.mutant->strategy.name, width, verdict(h), h.seconds());
    if (k) text += fmt::format("  {} operations, by {}", operations(*k), k->law->name);
    text += fmt::format("\n{:<{}}  {} ({})\n", "", width, h.mutant->fault, h.mutant->source);
  }
  return text;
}

nlohmann::json mutant_cell(const Hunt& hunt) {
  const Outcome* k = hunt.killer();
  nlohmann::json laws = nlohmann::json::array();
  for (const Outcome& o : hunt.outcomes) {
    if (failed(o)) laws.push_back(o.law->name);
  }
  nlohmann::json cell = {{"kind", "mutant"},
                         {"name", hunt.mutant->strategy.name},
                         {"source", hunt.mutant->source},
                         {"class", hunt.mutant->fault_class},
                         {"killed", hunt.killed()},
                         {"by", k ? k->law->name : ""},
                         {"seconds", hunt.seconds()},
                         {"operations", k ? operations(*k) : 0},
                         {"control", hunt.mutant->role == Role::kControl},
                         {"fault", hunt.mutant->fault},
                         {"laws", laws}};
  if (k && k->proof.refutation) cell["counterexample"] = replay_text(*k->proof.refutation);
  return cell;
}

}  // namespace kvproof
