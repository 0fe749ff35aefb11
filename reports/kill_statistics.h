// How good laws are, from what became of the mutants that they met.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/statistics.h"

namespace kvproof {

// What became of one known-bad subject.
struct Fate {
  std::string name, fault_class;
  std::vector<std::string> killers;  // laws that it breaks; empty: it survived
  bool ended = false;                // the law with the shortest counterexample met a crash, a hang, an exception or a
                                     // failed check, and compared nothing
  double seconds = 0;                // until that counterexample was found and small
  std::int64_t operations = 0;       // that it has

  bool killed() const { return !killers.empty(); }
};

struct Score {
  std::string name;
  std::int64_t killed = 0, all = 0;
  Interval interval() const { return wilson_interval(killed, all); }
};

struct LawKills {
  std::string law;
  std::int64_t kills = 0;
  std::int64_t alone = 0;  // mutants that no other law kills
};

// Half of the mutants, and nine of ten, took at most this; infinite where so many did not die.
struct Quantiles {
  double median = 0, p90 = 0;
};

// Upper ends of the buckets; what is above the last was found late, what was not found has a bucket of its own.
inline constexpr std::array<double, 4> kBucketSeconds = {0.1, 1, 10, 60};

struct KillStatistics {
  Score all;
  std::vector<Score> classes;                    // in the order of first appearance
  std::vector<LawKills> laws;                    // in the order given
  std::array<std::int64_t, 6> buckets = {};      // as kBucketSeconds, later than 60 s, not found
  std::optional<Quantiles> seconds, operations;  // absent without mutants
  std::int64_t ended = 0;                        // of those killed, by a crash, a hang, an exception or a failed check
  std::vector<const Fate*> fragile;              // with exactly one killer
};

// `laws`: those that were run. The fates must outlive the result.
KillStatistics kill_statistics(std::span<const Fate> fates, std::span<const std::string> laws);

}  // namespace kvproof
