// Interleaved comparison: the arms of a cell take turns in position-balanced rounds, so that
// whatever the machine does meanwhile happens to all of them alike.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kvproof {

// One of the things that are compared. It is set up when it is made; run() times its calls and
// nothing else.
class Arm {
 public:
  virtual ~Arm() = default;

  // Makes `calls` calls back to back and returns what they took together, in ns. Nothing, if the
  // time has to be thrown away because something happened in it that is measured elsewhere (a store
  // grew).
  virtual std::optional<double> run(int calls) = 0;
  // Work that recurs every granule() calls is spread evenly over a sub-sample of that many.
  virtual int granule() const { return 1; }
  virtual int max_calls() const { return 1 << 20; }
};

// A round has one value per arm: the minimum of a few short sub-samples, which on a shared machine
// repeats 50 times better than their sum.
struct Schedule {
  double seconds = 1;  // aim for the rounds of one cell
  int min_rounds = 5;  // even if they take longer
  int max_rounds = 30;
  int sub_samples = 5;       // fewer for slow arms
  double sample_ns = 200e3;  // a sub-sample lasts at least this long where max_calls allows
  double turn_ns = 40e6;     // an arm's sub-samples of one round stay below this if there is more than one
  std::uint64_t seed = 1;    // of the order inside the rounds
};

struct Comparison {
  std::vector<std::vector<double>> rounds;  // [arm][round], ns per call
  std::vector<int> calls;                   // [arm], calls in one sub-sample
};

// [round][turn] -> arm. Blocks of `arms` rounds are cyclic Latin squares (ABBA for two), each of a
// fresh order: in every whole block each arm has each turn once.
std::vector<std::vector<int>> balanced_order(int arms, int rounds, std::uint64_t seed);

// Calibrates each arm, then runs whole blocks of rounds. Throws Error(kUnsupported) if an arm
// throws away every time.
Comparison compare(std::span<Arm* const> arms, const Schedule& schedule);

// The median over the rounds of numerator / denominator. REQUIRES: as many of both, at least one.
double paired_ratio(std::span<const double> numerator, std::span<const double> denominator);

}  // namespace kvproof
