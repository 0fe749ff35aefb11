// The first four tokens take most of the weight of every query, and their values are small: what
// trained models do.
#include <algorithm>
#include <cmath>

#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

constexpr Position kSinks = 4;

// With normal keys of deviation 1/2, N tokens weigh about N * exp(1/8) together; four sinks of
// score ln N + 2 weigh 4 * e^2 * N, some 25 times as much.
double sink_score(std::int64_t tokens) { return std::log(double(tokens)) + 2; }

void fill(StreamData& data, Random& random) {
  // Only sinks and queries have a part along `direction`; the parts across it make the scores of
  // all other tokens.
  const std::vector<float> direction = random_direction(data.d, random);
  fill_normal(data.q, random);
  fill_normal(data.k, random, 0.5);
  fill_normal(data.v, random);
  const double length = std::sqrt(double(data.d));
  for (int head = 0; head < data.group; ++head) {
    for (Position n = 0; n < data.tokens; ++n) {
      const std::span<float> query = data.query(head, n);
      remove_direction(query, direction);
      for (std::size_t i = 0; i < query.size(); ++i) query[i] += float(length * direction[i]);
    }
  }
  for (Position n = 0; n < data.tokens; ++n) {
    const std::span<float> key = data.key(n);
    remove_direction(key, direction);
    if (n >= kSinks) continue;
    // score = scale * length * |key| = |key|
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[i] = float(sink_score(data.tokens) * direction[i]);
    }
    for (float& x : data.value(n)) x *= 0.125f;
  }
}

}  // namespace

extern const Generator attention_sink = {
    .name = "attention_sink",
    .summary = "the first 4 tokens take most of the weight of every query; their values are small",
    .reveals = "windows and policies that lose the first tokens; a wrong normaliser",
    .fill = &fill};

}  // namespace kvproof::generators
