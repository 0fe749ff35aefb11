// How good the laws are: the mutants that they kill, and the controls that they let live.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "properties/support/mutant.h"
#include "properties/tools/verdicts.h"

namespace kvproof {

// One mutant or control against every law.
struct Hunt {
  const Mutant* mutant;
  std::vector<Outcome> outcomes;  // one for each law that was run

  const Outcome* killer() const;  // the law with the shortest counterexample; null if all held
  bool killed() const { return killer() != nullptr; }
  double seconds() const;  // until the killer had its counterexample; of all laws if there is none
  bool as_wanted() const { return killed() == (mutant->role == Role::kMutant); }
};

// Mutant x law, then who killed whom and with what, then what went wrong.
std::string kill_matrix(const std::vector<Hunt>& hunts);
// One cell of a run file; see run_format.md.
nlohmann::json mutant_cell(const Hunt& hunt);

}  // namespace kvproof
