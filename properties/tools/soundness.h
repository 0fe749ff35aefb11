// Whether the harness cries wolf, and whether it says the same thing twice.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "properties/tools/schedule.h"

namespace kvproof {

inline constexpr int kSoundnessCases = kDefaultCases / 10;

// Right subjects under many seeds: every failure is a false alarm.
struct Soundness {
  int seeds = 0, cases = 0;
  std::int64_t verdicts = 0;  // that passed or failed; nothing is learned of what is not claimed
  struct Alarm {
    Outcome outcome;
    std::uint64_t seed;
  };
  std::vector<Alarm> alarms;
  double seconds = 0;

  // The largest rate of false alarms that 95 of 100 such results would show: of 0 in n it is 3/n (the rule of three).
  double bound() const;
};

using Rounds = std::function<void(int done, int all)>;  // called after each round; may be empty

// `effort.seed` is the first seed. Every verdict of every seed on `jobs`.
Soundness soundness(const std::vector<Job>& jobs, const Effort& effort, int seeds, const Rounds& progress);
std::string soundness_text(const Soundness& result);
nlohmann::json soundness_cell(const Soundness& result);

// One seed again and again: verdicts, numbers of cases and the bytes of counterexamples must be the same.
struct Repetition {
  int repeats = 0, cases = 0;
  std::int64_t verdicts = 0;           // in one round
  std::int64_t counterexamples = 0;    // in one round
  int same = 0;                        // rounds that equal the first, the first included
  std::vector<std::string> different;  // "LAW on SUBJECT, round 3"
  double seconds = 0;
};

Repetition repetition(const std::vector<Job>& jobs, const Effort& effort, int repeats, const Rounds& progress);
std::string repetition_text(const Repetition& result);
nlohmann::json repetition_cell(const Repetition& result);

}  // namespace kvproof
