#include "engine/attention/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kvproof {

ReferenceResult reference_attention(const ReferenceQuery& query, int dv) {
  const double nothing = -std::numeric_limits<double>::infinity();
  ReferenceResult result;
  result.out.assign(std::size_t(dv), 0.0);

  std::vector<double> weight;
  double top = nothing, largest_score = 0, largest_value = 0;
  for (std::size_t j = 0; j < query.k.size(); ++j) {
    double score = 0, magnitude = 0;
    for (std::size_t i = 0; i < query.q.size(); ++i) {
      const double product = double(query.q[i]) * double(query.k[j][i]);
      score += product;
      magnitude += std::abs(product);
    }
    score *= query.scale;
    if (query.softcap > 0) score = query.softcap * std::tanh(score / query.softcap);
    const double bias = query.bias.empty() ? 0 : query.bias[j];
    weight.push_back(score + bias);
    top = std::max(top, weight.back());
    if (bias == nothing) continue;
    largest_score = std::max(largest_score, magnitude * std::abs(query.scale) + std::abs(bias));
    for (const float x : query.v[j]) largest_value = std::max(largest_value, std::abs(double(x)));
  }
  if (top == nothing) {
    result.weights.assign(weight.size(), 0.0);
    return result;
  }

  double sum = 0;
  for (double& w : weight) sum += w = std::exp(w - top);
  for (std::size_t j = 0; j < weight.size(); ++j) {
    result.weights.push_back(weight[j] / sum);
    if (weight[j] == 0) continue;  // a hidden row may hold NaN
    for (int i = 0; i < dv; ++i) result.out[std::size_t(i)] += weight[j] / sum * double(query.v[j][std::size_t(i)]);
  }

  // With u = 2^-24: a score errs by D + 6 roundings of its largest partial sum (products, sums, scale, cap, bias; tanh
  // by 8 more of the cap), a weight by twice that and 8 u for exp, numerator and denominator by one rounding for every
  // row and three for every fold; underflow loses at most 2^-149 for each of D products.
  const double u = 0x1p-24, d = double(query.q.size()), n = double(weight.size());
  const double score_error = (d + 6) * u * largest_score + (query.softcap > 0 ? 8 * u * query.softcap : 0);
  // A weight that is needed by itself takes another exponential and a division, 8 u more.
  result.weight_error = 2 * score_error + 16 * u + (n + 3 * (n / 256 + 2)) * u;
  result.tolerance = (2 * score_error + 8 * u + 2 * (n + 3 * (n / 256 + 2)) * u) * largest_value + (d + n) * 0x1p-149;
  return result;
}

}  // namespace kvproof
