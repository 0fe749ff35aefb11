// The range of every key and value channel keeps growing in both directions: in each run of eight
// tokens one sets a new minimum and one a new maximum. A scale that was right for the past is wrong
// for the next token, at any length. Queries shrink as the keys grow, so that the weights stay
// spread and every token's error shows.
#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

// 32,768 times at a million tokens: within the range of f16.
double amplitude(Position n) { return 1 + double(n) / 32; }

// Channels take turns, so that no token is extreme in all of them.
float drifting(Position n, std::size_t channel, Random& random) {
  const double inside = 2 * random.uniform() - 1;
  switch ((std::uint64_t(n) + channel) % 8) {
    case 0:
      return float(-amplitude(n));
    case 4:
      return float(amplitude(n));
    default:
      return float(inside * amplitude(n) * 0.9);
  }
}

void fill(StreamData& data, Random& random) {
  fill_normal(data.q, random);
  for (Position n = 0; n < data.tokens; ++n) {
    for (int head = 0; head < data.group; ++head) {
      for (float& x : data.query(head, n)) x = float(x / amplitude(n));
    }
    for (std::size_t i = 0; float& x : data.key(n)) x = drifting(n, i++, random);
    for (std::size_t i = 0; float& x : data.value(n)) x = drifting(n, i++, random);
  }
}

}  // namespace

extern const Generator drift = {
    .name = "drift",
    .summary = "the range of every key and value channel grows with the position, minimum and maximum",
    .reveals =
        "running scales: stored codes that are not re-coded when the scale moves, or are re-coded "
        "often",
    .fill = &fill};

}  // namespace kvproof::generators
