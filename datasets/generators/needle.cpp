// One key per stream answers the last query: its score is so far above all others that attention
// returns its value alone. The G heads of a stream look for the same needle, each stream has its
// own.
#include <algorithm>
#include <cmath>

#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

// All other tokens together weigh at most N * exp(-(kGap + ln N)) = exp(-40) = 4e-18: nothing
// beside the needle, in float64 as well, and the more so as every other score is below the largest.
constexpr double kGap = 40;

void fill(StreamData& data, Random& random) {
  fill_normal(data.q, random);
  fill_normal(data.k, random);
  fill_normal(data.v, random);
  if (data.tokens == 0) return;
  const std::vector<float> direction = random_direction(data.d, random);
  data.needle = random.integer(0, data.tokens - 1);

  // The last query has length sqrt(D), so that scale * (query . key) = direction . key.
  const double length = std::sqrt(double(data.d));
  double best = 0;
  for (Position n = 0; n < data.tokens; ++n) best = std::max(best, dot(data.key(n), direction));
  const double needle_score = best + kGap + std::log(double(data.tokens));
  for (std::size_t i = 0; i < direction.size(); ++i) {
    for (int head = 0; head < data.group; ++head) {
      data.query(head, data.tokens - 1)[i] = float(length * direction[i]);
    }
    data.key(data.needle)[i] = float(needle_score * direction[i]);
  }
  const std::span<const float> found = data.value(data.needle);
  for (int head = 0; head < data.group; ++head) {
    std::ranges::copy(found, data.answer.subspan(std::size_t(head) * found.size()).begin());
  }
}

}  // namespace

extern const Generator needle = {
    .name = "needle",
    .summary = "one key per stream answers the last query; the answer and its place are known",
    .reveals = "a cache that lost or confused one token, and which: eviction, wrap, head mapping",
    .answers = Answers::kLastQuery,
    .fill = &fill};

}  // namespace kvproof::generators
