// Runs laws over subjects with several workers. Verdicts and counterexamples depend on neither their number nor on the
// order of the work.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "properties/tools/verdicts.h"

namespace kvproof {

struct Job {
  const Law* law;
  const Subject* subject;  // null for laws of the engine
};

// Every law on every subject, and the laws of the engine once.
std::vector<Job> all_jobs(const std::vector<const Law*>& laws, const std::vector<Subject>& subjects);

struct Schedule {
  Effort effort;
  std::optional<double> seconds;  // go on in rounds of a few cases until the time is over; each job gets at least one
  std::function<void(std::size_t done, std::size_t all)> progress;  // called by one worker at a time; may be empty
};

// In the order of `jobs`.
std::vector<Outcome> run_jobs(const std::vector<Job>& jobs, const Schedule& schedule);

}  // namespace kvproof
