// One key channel in 32 (at least one) is 20 to 100 times larger than the rest, as in large models.
// Queries are as much smaller there, so that every channel has the same say in a score.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

// Well inside 20 and 100, so that a ratio measured over a few hundred tokens stays inside too.
constexpr double kSmallest = 30, kLargest = 70;

// Per channel, what its keys are multiplied by.
std::vector<double> gains(int d, Random& random) {
  std::vector<std::size_t> channels(std::size_t(d), 0);
  std::iota(channels.begin(), channels.end(), std::size_t(0));
  std::vector<double> gain(std::size_t(d), 1.0);
  const std::size_t outliers = std::size_t(std::max(1, d / 32));
  for (std::size_t i = 0; i < outliers; ++i) {
    std::swap(channels[i], channels[std::size_t(random.integer(std::int64_t(i), d - 1))]);
    gain[channels[i]] = kSmallest * std::pow(kLargest / kSmallest, random.uniform());
  }
  return gain;
}

// Multiplies every row by the factors, channel by channel.
void scale_channels(std::span<float> rows, std::span<const double> factors) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = float(rows[i] * factors[i % factors.size()]);
  }
}

void fill(StreamData& data, Random& random) {
  const std::vector<double> gain = gains(data.d, random);
  std::vector<double> inverse;
  for (const double g : gain) inverse.push_back(1 / g);
  fill_normal(data.q, random);
  fill_normal(data.k, random);
  fill_normal(data.v, random);
  scale_channels(data.q, inverse);
  scale_channels(data.k, gain);
}

}  // namespace

extern const Generator outlier_channels = {
    .name = "outlier_channels",
    .summary = "one key channel in 32 is 30 to 70 times larger; queries are as much smaller there",
    .reveals = "key scales shared by channels: the small channels vanish in the step of the large ones",
    .fill = &fill};

}  // namespace kvproof::generators
