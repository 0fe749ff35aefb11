#include "benches/support/interleave.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "benches/support/clock.h"
#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/base/random.h"
#include "reports/statistics.h"

namespace kvproof {
namespace {

constexpr int kAttempts = 64;             // of a sub-sample that is thrown away
constexpr double kLargestGranule = 50e6;  // ns; beyond it what recurs is a small share of each call

// Fast arms first bring back what the others pushed out of the caches.
constexpr double kWarmUp = 1e6;  // ns
constexpr double kMostWarmUps = 20;

// What a turn of one arm consists of, and what it costs with everything that is not timed.
struct Turn {
  int calls = 1;
  int warm_ups = 0;  // sub-samples that are not looked at
  int sub_samples = 1;
  double wall_ns = 0;
};

double timed_run(Arm& arm, int calls) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (const std::optional<double> ns = arm.run(calls)) return *ns;
  }
  throw Error(ErrorCode::kUnsupported, "a store grew in every sub-sample; see the quantity 'growth'");
}

int fitting_calls(const Arm& arm, double ns_per_call, const Schedule& schedule) {
  const double wanted = std::ceil(schedule.sample_ns / std::max(ns_per_call, 1.0));
  int calls = int(std::clamp(wanted, 1.0, double(arm.max_calls())));
  const int granule = arm.granule();
  if (granule * ns_per_call <= kLargestGranule) calls = (calls + granule - 1) / granule * granule;
  return calls;
}

Turn calibrate(Arm& arm, const Schedule& schedule) {
  timed_run(arm, 1);
  Turn turn;
  double ns_per_call = timed_run(arm, 1);
  for (int look = 0; look < 2; ++look) {  // the first look at a fast arm sees mostly the clock
    turn.calls = fitting_calls(arm, ns_per_call, schedule);
    const double start = now_ns();
    const double ns = timed_run(arm, turn.calls);
    turn.wall_ns = now_ns() - start;
    ns_per_call = ns / turn.calls;
    if (turn.calls == 1) break;
  }
  const double wall_ns = std::max(turn.wall_ns, 1.0);
  turn.warm_ups = int(std::min(kWarmUp / wall_ns, kMostWarmUps));
  turn.sub_samples = int(std::clamp(schedule.turn_ns / wall_ns, 1.0, double(schedule.sub_samples)));
  turn.wall_ns = wall_ns * (turn.warm_ups + turn.sub_samples);
  return turn;
}

int whole_blocks(double rounds, int arms, const Schedule& schedule) {
  const int wanted = int(std::clamp(rounds, double(schedule.min_rounds), double(schedule.max_rounds)));
  return (wanted + arms - 1) / arms * arms;
}

double round_value(Arm& arm, const Turn& turn) {
  for (int i = 0; i < turn.warm_ups; ++i) timed_run(arm, turn.calls);
  double best = timed_run(arm, turn.calls);
  for (int i = 1; i < turn.sub_samples; ++i) best = std::min(best, timed_run(arm, turn.calls));
  return best / turn.calls;
}

}  // namespace

std::vector<std::vector<int>> balanced_order(int arms, int rounds, std::uint64_t seed) {
  KVPROOF_CHECK(arms >= 1 && rounds >= 0);
  Random random(seed);
  std::vector<int> order(static_cast<std::size_t>(arms));
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::vector<int>> turns;
  for (int round = 0; round < rounds; ++round) {
    if (round % arms == 0) {
      for (int i = arms - 1; i > 0; --i) std::swap(order[std::size_t(i)], order[std::size_t(random.integer(0, i))]);
    } else {
      std::rotate(order.begin(), order.begin() + 1, order.end());
    }
    turns.push_back(order);
  }
  return turns;
}

Comparison compare(std::span<Arm* const> arms, const Schedule& schedule) {
  KVPROOF_CHECK(!arms.empty());
  std::vector<Turn> turns;
  Comparison comparison;
  double round_ns = 0;
  for (Arm* arm : arms) {
    turns.push_back(calibrate(*arm, schedule));
    comparison.calls.push_back(turns.back().calls);
    round_ns += turns.back().wall_ns;
  }
  const int count = int(arms.size());
  const int rounds = whole_blocks(schedule.seconds * 1e9 / round_ns, count, schedule);
  comparison.rounds.resize(arms.size());
  for (const std::vector<int>& order : balanced_order(count, rounds, schedule.seed)) {
    for (const int index : order) {
      const std::size_t i = std::size_t(index);
      comparison.rounds[i].push_back(round_value(*arms[i], turns[i]));
    }
  }
  return comparison;
}

double paired_ratio(std::span<const double> numerator, std::span<const double> denominator) {
  KVPROOF_CHECK(numerator.size() == denominator.size());
  std::vector<double> ratios;
  for (std::size_t i = 0; i < numerator.size(); ++i) ratios.push_back(numerator[i] / denominator[i]);
  return median(ratios);
}

}  // namespace kvproof
