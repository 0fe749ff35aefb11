#include "datasets/values.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kvproof {

void fill_normal(std::span<float> values, Random& random, double deviation) {
  for (float& x : values) x = float(random.normal() * deviation);
}

std::vector<float> random_direction(int d, Random& random) {
  std::vector<float> direction(std::size_t(d), 0.0f);
  double length = 0;
  while (length < 1e-3) {
    fill_normal(direction, random);
    length = std::sqrt(dot(direction, direction));
  }
  for (float& x : direction) x = float(x / length);
  return direction;
}

double dot(std::span<const float> a, std::span<const float> b) {
  return std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                               [](float x, float y) { return double(x) * double(y); });
}

void remove_direction(std::span<float> row, std::span<const float> direction) {
  const double along = dot(row, direction);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = float(row[i] - along * direction[i]);
}

}  // namespace kvproof
