// Order statistics; see statistics.h.
#include "reports/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/check.h"

namespace kvproof {
namespace {

std::vector<double> sorted(std::span<const double> samples) {
  KVPROOF_CHECK(!samples.empty());
  std::vector<double> result(samples.begin(), samples.end());
  std::sort(result.begin(), result.end());
  return result;
}

double middle(const std::vector<double>& ordered) {
  const std::size_t half = ordered.size() / 2;
  if (ordered.size() % 2 == 1) return ordered[half];
  return ordered[half - 1] + (ordered[half] - ordered[half - 1]) / 2;  // the sum may overflow
}

// log(P(Binomial(n, 1/2) = k)): 2^-n underflows for n > 1074, its logarithm never.
double log_binomial(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2.0);
}

}  // namespace

double median(std::span<const double> samples) { return middle(sorted(samples)); }

double median_absolute_deviation(std::span<const double> samples) {
  const double center = median(samples);
  std::vector<double> distances;
  distances.reserve(samples.size());
  for (const double sample : samples) distances.push_back(std::abs(sample - center));
  return median(distances);
}

Interval median_interval(std::span<const double> samples, double coverage) {
  const std::vector<double> ordered = sorted(samples);
  const std::size_t n = ordered.size();
  // below = P(Binomial < k) for the k order statistics cut from each side; k = 1 cuts none.
  double below = std::exp(log_binomial(double(n), 0));
  std::size_t k = 1;
  for (; 2 * (k + 1) <= n + 1; ++k) {
    const double next = below + std::exp(log_binomial(double(n), double(k)));
    if (1 - 2 * next < coverage) break;
    below = next;
  }
  return {ordered[k - 1], ordered[n - k], std::max(0.0, 1 - 2 * below)};
}

Interval wilson_interval(std::int64_t hits, std::int64_t n) {
  KVPROOF_CHECK(hits >= 0 && hits <= n);
  if (n == 0) return {0, 1, 0.95};
  constexpr double z = 1.959963984540054;  // of the normal distribution at 97.5 %
  const double trials = double(n), share = double(hits) / trials, square = z * z / trials;
  const double center = (share + square / 2) / (1 + square);
  const double half = z * std::sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square);
  // Where all or none hit, one end is exact; rounding must not move it.
  return {hits == 0 ? 0 : center - half, hits == n ? 1 : center + half, 0.95};
}

double geometric_mean(std::span<const double> values) {
  KVPROOF_CHECK(!values.empty());
  double sum = 0;
  for (const double value : values) {
    KVPROOF_CHECK(value > 0);
    sum += std::log(value);
  }
  return std::exp(sum / double(values.size()));
}

}  // namespace kvproof
