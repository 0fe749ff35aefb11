// How good the laws are: mutants they kill, controls they let live.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "properties/support/mutant.h"
#include "properties/tools/verdicts.h"

namespace kvproof {

// One mutant or control against every law.
struct Trial {
  const Mutant* mutant;
  std::vector<Outcome> outcomes;  // one for each law that was run

  bool killed() const { return killer() != nullptr; }
  const Outcome* killer() const;  // the law with the shortest counterexample; null if none failed
  double seconds() const;         // until the killer had its counterexample; of all laws if there is none
  bool as_wanted() const { return killed() == (mutant->role == Role::kMutant); }
};

std::string kill_matrix(const std::vector<Trial>& trials);
// One cell of a run file; see run_format.md.
nlohmann::json mutant_cell(const Trial& trial);

}  // namespace kvproof
