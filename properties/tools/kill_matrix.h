// How good the laws are: the mutants that they kill, and the controls that they let live.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "properties/support/mutant.h"
#include "properties/tools/verdicts.h"
#include "reports/kill_statistics.h"

namespace kvproof {

// One mutant or control against every law that has subjects; a mutant that waits meets none.
struct Hunt {
  const Mutant* mutant;
  std::vector<Outcome> outcomes;  // one for each law that was run

  bool waits() const { return mutant->waiting_for != nullptr; }
  const Outcome* killer() const;  // the law with the shortest counterexample; null if all held
  std::vector<Outcome*> kills();  // every outcome that failed, the shortest counterexample first
  bool killed() const { return killer() != nullptr; }
  double seconds() const;  // until the killer had its counterexample; of all laws if there is none
  bool as_wanted() const { return waits() || killed() == (mutant->role == Role::kMutant); }
};

// What the statistics ask: the mutants that do not wait, in the order of fault_classes(); controls are none.
std::vector<Fate> fates(const std::vector<Hunt>& hunts);
// The laws that the hunts ran.
std::vector<std::string> law_names(const std::vector<Hunt>& hunts);

// Mutant x law by class of faults, the statistics, what waits, and what went wrong.
std::string kill_matrix(const std::vector<Hunt>& hunts);
// One cell of a run file; see run_format.md.
nlohmann::json mutant_cell(const Hunt& hunt);
// The statistics for tools.
nlohmann::json statistics_json(const std::vector<Hunt>& hunts);

}  // namespace kvproof
