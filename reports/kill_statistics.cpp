// Counting kills; see kill_statistics.h.
#include "reports/kill_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kvproof {
namespace {

Score& score_of(std::vector<Score>& scores, const std::string& name) {
  const auto at = std::find_if(scores.begin(), scores.end(), [&](const Score& s) { return s.name == name; });
  if (at != scores.end()) return *at;
  return scores.emplace_back(Score{name});
}

void count(Score& score, const Fate& fate) {
  ++score.all;
  score.killed += fate.killed();
}

std::size_t bucket(const Fate& fate) {
  if (!fate.killed()) return kBucketSeconds.size() + 1;
  const auto* at =
      std::find_if(kBucketSeconds.begin(), kBucketSeconds.end(), [&](double most) { return fate.seconds <= most; });
  return std::size_t(at - kBucketSeconds.begin());
}

// The smallest value that at least `share` of all do not exceed.
double quantile(const std::vector<double>& ordered, double share) {
  const auto rank = std::size_t(std::ceil(share * double(ordered.size())));
  return ordered[std::max<std::size_t>(rank, 1) - 1];
}

// A survivor counts as infinitely late: what was not found must not make the rest look better.
template <class Value>
std::optional<Quantiles> quantiles(std::span<const Fate> fates, Value value) {
  if (fates.empty()) return std::nullopt;
  std::vector<double> ordered;
  for (const Fate& fate : fates) {
    ordered.push_back(fate.killed() ? value(fate) : std::numeric_limits<double>::infinity());
  }
  std::sort(ordered.begin(), ordered.end());
  return Quantiles{quantile(ordered, 0.5), quantile(ordered, 0.9)};
}

}  // namespace

KillStatistics kill_statistics(std::span<const Fate> fates, std::span<const std::string> laws) {
  KillStatistics result;
  for (const std::string& law : laws) result.laws.push_back({law});
  for (const Fate& fate : fates) {
    count(result.all, fate);
    count(score_of(result.classes, fate.fault_class), fate);
    ++result.buckets[bucket(fate)];
    result.ended += fate.killed() && fate.ended;
    if (fate.killers.size() == 1) result.fragile.push_back(&fate);
    for (LawKills& law : result.laws) {
      if (std::find(fate.killers.begin(), fate.killers.end(), law.law) == fate.killers.end()) continue;
      ++law.kills;
      law.alone += fate.killers.size() == 1;
    }
  }
  result.seconds = quantiles(fates, [](const Fate& fate) { return fate.seconds; });
  result.operations = quantiles(fates, [](const Fate& fate) { return double(fate.operations); });
  return result;
}

}  // namespace kvproof
