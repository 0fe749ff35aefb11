#include "properties/support/true_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kvproof {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();
constexpr double kUnit = 0x1p-24;  // half an ulp of 1 in float32

}  // namespace

void WeighedQuery::add(std::span<const float> key, double bias) {
  double sum = 0, magnitude = 0;
  for (std::size_t d = 0; d < q_.size(); ++d) {
    sum += double(q_[d]) * double(key[d]);
    magnitude += std::abs(double(q_[d]) * double(key[d]));
  }
  sum *= scale_;
  if (softcap_ > 0) sum = softcap_ * std::tanh(sum / softcap_);
  scores_.push_back(sum + bias);
  if (bias != kNothing) largest_ = std::max(largest_, magnitude * std::abs(scale_) + std::abs(bias));
}

// A score takes D + 6 roundings of its largest partial sum (products, sums, scale, cap, bias; tanh 8 more of the cap),
// the difference to the maximum two, and both stand in numerator and denominator alike; exp takes 8 u in each. The sum
// of n weights takes n roundings and three for every fold of 256 rows, the quotient two.
TrueWeights WeighedQuery::weights() const {
  TrueWeights result{std::vector<double>(scores_.size(), 0.0)};
  const double top = scores_.empty() ? kNothing : *std::max_element(scores_.begin(), scores_.end());
  if (top == kNothing) return result;
  double sum = 0;
  for (std::size_t i = 0; i < scores_.size(); ++i) {
    result.uniform = result.uniform && (scores_[i] == top || scores_[i] == kNothing);
    sum += result.of_row[i] = std::exp(scores_[i] - top);
  }
  for (double& w : result.of_row) w /= sum;
  const double d = double(q_.size()), n = double(scores_.size());
  const double score_error = (d + 8) * largest_ + (softcap_ > 0 ? 8 * softcap_ : 0);
  result.error = (2 * (score_error + 8) + n + 3 * (n / 256 + 2) + 2) * kUnit;
  return result;
}

}  // namespace kvproof
