// What is said of a list of samples. Nothing here assumes a distribution: timings have none that is
// known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kvproof {

// The middle sample, or the mean of the two in the middle. REQUIRES: not empty (all functions
// that take samples).
double median(std::span<const double> samples);

// The median of |sample - median|: how far a typical sample lies from the middle. 0 for one sample.
double median_absolute_deviation(std::span<const double> samples);

struct Interval {
  double low, high;
  double coverage;  // the probability that [low, high] holds the true value
};

// The narrowest symmetric interval of order statistics that holds the true median with probability
// >= `coverage`, for independent samples of any continuous distribution (the sign test turned
// around): [x(k), x(n+1-k)] covers with probability 1 - 2 P(Binomial(n, 1/2) < k). With too few
// samples for that (n < 6 at 0.95) it is [min, max], and `coverage` tells what that is worth.
Interval median_interval(std::span<const double> samples, double coverage = 0.95);

// Wilson's interval at 95 % for the probability behind `hits` of `n` independent trials; [0, 1] for n = 0. It stays
// inside [0, 1], is no point where all or none hit, and covers well from n = 5 on. REQUIRES: 0 <= hits <= n.
Interval wilson_interval(std::int64_t hits, std::int64_t n);

// exp(mean(log(x))): the mean of ratios. REQUIRES: every value > 0.
double geometric_mean(std::span<const double> values);

}  // namespace kvproof
