// RapidCheck behind one door: nothing else includes it. It draws cases of growing size and searches among simpler ones
// for the simplest that still fails; what a case is and how it becomes simpler are ours (draw.h).
//
// The door closes traps of RapidCheck: parameters in the environment (a leaked `reproduce=` or `max_success=0` passes
// everything with no case run), one random stream for every property, endless shrinking, and a run that did nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "properties/support/case.h"

namespace kvproof {

enum class Trial {
  kHolds,
  kBroken,
  kRefused,  // nothing was compared, because the subject refused: not a case
  kNothing   // nothing was compared: not a case
};

struct Property {
  std::string name;                                        // mixed into the seed
  std::function<Case(std::uint64_t seed, int size)> draw;  // size from 0 to 100
  std::function<std::vector<Case>(const Case&)> simpler;
  std::function<Trial(const Case&)> run;
};

struct Search {
  std::uint64_t seed = 0;
  int cases = 100;
  int max_simplifications = 3000;  // trials after the first failure; a number, so that the result can be had again
};

struct Found {
  std::int64_t cases = 0;    // that held, and the one that failed
  std::int64_t refused = 0;  // trials that came to nothing because the subject refused
  std::vector<Case> broken;  // the first failure and each simpler one that was found; empty if the property held
  std::string trouble;       // why the result cannot be believed: too little was compared, and not for refusals alone
};

// Throws Error(kUsage) if RC_PARAMS is set in the environment.
void refuse_rapidcheck_environment();

// Throws Error(kUsage) if RC_PARAMS is set.
Found check_property(const Property& property, const Search& search);

}  // namespace kvproof
