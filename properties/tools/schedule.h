// Runs laws over subjects, each law on each subject in a process of its own, several at once. Verdicts and
// counterexamples depend on neither their number nor on the order of the work, and no subject can spoil another's.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "properties/tools/verdicts.h"

namespace kvproof {

struct Job {
  const Law* law;
  const Subject* subject;  // null for laws of the engine
  // For laws of neither: what they speak of, and what tries to refute them on it.
  std::string label = "engine";
  std::function<Proof(const Effort&)> prove = nullptr;
};

// Every law on every subject, and the laws of the engine once.
std::vector<Job> all_jobs(const std::vector<const Law*>& laws, const std::vector<Subject>& subjects);

struct Schedule {
  Effort effort;
  std::optional<double> seconds;  // go on in rounds of a few cases until the time is over; each job gets at least one
  std::function<void(std::size_t done, std::size_t all)> progress;  // may be empty
  unsigned workers = 0;                                             // 0: as many as the machine has processors
};

// In the order of `jobs`. Throws Error as prove does. REQUIRES: this process has one thread, and has used no oneTBB.
std::vector<Outcome> run_jobs(const std::vector<Job>& jobs, const Schedule& schedule);

}  // namespace kvproof
