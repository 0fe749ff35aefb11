// What a report is about: the cells of one run or several, typed, ordered and judged.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reports/statistics.h"

namespace kvproof::report {

// Where a number comes from: the line of a run file. Every number of the report carries one.
struct Place {
  std::size_t run = 0;   // index into Data::runs
  std::size_t line = 0;  // in that file, from 1
};

// What must be equal for two timings to stand in one chart.
struct Setting {
  std::string shape;  // "B=1, Hq=8, Hkv=8, D=128"
  std::string dtype;
  std::int64_t S = 1;
  std::int64_t threads = 1;  // 0: left open
  std::string residency;
  auto operator<=>(const Setting&) const = default;
};
std::string str(const Setting& setting);

struct Timing {
  Place place;
  std::string quantity, strategy;
  Setting setting;
  std::int64_t T = 0;
  std::size_t samples = 0;
  double median_ns = 0;  // of the samples, not the one that the file states
  Interval interval = {};
  std::int64_t cache_bytes = 0;
  std::optional<double> speedup;  // over concat, in the same run
  std::optional<double> ratio_to_memcpy, gbps, fraction_of_limit;
  std::string binding;
  bool checked = false;
};

struct Memory {
  Place place;
  std::string strategy, shape;
  std::int64_t T = 0, payload = 0, metadata = 0, slack = 0;
  double bytes_per_token = 0;
  std::int64_t live() const { return payload + metadata; }
};

struct Limit {
  Place place;
  std::string quantity, pages, unit;
  std::int64_t threads = 1;
  std::size_t samples = 0;
  double median = 0;
  Interval interval = {};
};

// kIdle: the file says pass, but no case ran. That is red: a law that ran nothing has shown
// nothing.
enum class Verdict { kNotClaimed, kWaiting, kRefused, kPass, kIdle, kFail };

struct Law {
  Place place;
  std::string law, strategy, kind;  // kind: exact, tolerant or statistical
  Verdict verdict = Verdict::kPass;
  std::int64_t cases = 0;
  std::map<std::string, std::int64_t> events;
  double seconds = 0;
  std::string formula, message, counterexample, look_at;
  bool red() const { return verdict == Verdict::kFail || verdict == Verdict::kIdle; }
};

// A fault of a released library, as its maintainers would be told.
struct Defect {
  std::string library, input, expected, actual;
  std::string law, message, counterexample;  // the law that tells it best, and what it found
};

struct Mutant {
  Place place;
  std::string name, source, kind, by, counterexample;
  bool killed = false;
  double seconds = 0;
  std::int64_t operations = 0;
  bool control = false;  // correct but unusual: it must survive
  std::string fault, message;
  std::vector<std::string> laws, held;  // laws that it breaks, laws that it keeps
  bool ended = false;                   // it crashed, hung, threw or failed a check before anything was compared
  std::string waiting_for;              // the capability that it needs; then it met no law
  std::optional<Defect> defect;

  bool waits() const { return !waiting_for.empty(); }
  bool counts() const { return !control && !waits(); }  // in the kill score
  bool red() const { return !waits() && killed == control; }
};

// Right subjects under many seeds.
struct Soundness {
  Place place;
  std::int64_t seeds = 0, cases = 0, verdicts = 0, alarms = 0;
  double bound = 0, seconds = 0;
  std::vector<std::string> alarm_list;
};

// One seed many times.
struct Repetition {
  Place place;
  std::int64_t repeats = 0, cases = 0, same = 0, verdicts = 0, counterexamples = 0;
  double seconds = 0;
};

// One case that another program ran as well.
struct Interop {
  Place place;
  std::string with, name, outcome, tolerance, ours, theirs, why;
  std::optional<double> largest_difference;
  bool red() const { return outcome == "differs"; }
};

// What a whole model costs with one choice of caches.
struct ModelCost {
  Place place;
  std::string quantity, model, caches, dtype, residency;
  std::int64_t T = 0, threads = 1, weight_bytes = 0, cache_bytes = 0;
  double median_ns = 0;  // of the samples; per token, or per load
  std::optional<double> ratio_to_unfused, logit_error, fraction_of_limit, ratio_to_read, peak_ratio;
};

struct RunInfo {
  std::string file;  // name without folders
  nlohmann::json manifest;
};

// The subject of laws that speak of what lies below all strategies; it stands where others name a strategy.
inline constexpr const char* kEngine = "engine";

struct Data {
  std::vector<RunInfo> runs;
  std::vector<Timing> timings;
  std::vector<Memory> memory;
  std::vector<Limit> limits;
  std::vector<Law> laws;
  std::vector<Mutant> mutants;
  std::vector<Soundness> soundness;
  std::vector<Repetition> repetitions;
  std::vector<Interop> interop;
  std::vector<ModelCost> models;
  std::vector<std::string> strategies;  // in the report's order: concat, in_place, as they came
  std::vector<std::string> measured;    // those of them that have a timing or a memory cell

  // Whether a timing may be shown beside others: its output was right and its strategy breaks no law.
  bool fair(const Timing& timing) const;
  // Whether some law found `strategy` wrong.
  bool broken(const std::string& strategy) const;
  std::set<std::string> broken_strategies;
};

// Reads the runs in order. Throws Error as read_run does.
Data load(const std::vector<std::string>& paths);

// "kivi" of "kivi:bits=4,group=64".
std::string base_name(const std::string& spec);

}  // namespace kvproof::report
