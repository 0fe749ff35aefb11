// All keys of a stream are one number and all its values another, multiples of 1/8 that every
// storage type holds. Every output is that value, at any length and under any visibility rule.
#include <algorithm>

#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

// Between 1/8 and 4, of either sign.
float constant(Random& random) {
  const float magnitude = float(random.integer(1, 32)) / 8;
  return random.integer(0, 1) ? magnitude : -magnitude;
}

void fill(StreamData& data, Random& random) {
  fill_normal(data.q, random);
  std::ranges::fill(data.k, constant(random));
  std::ranges::fill(data.v, constant(random));
}

}  // namespace

extern const Generator constants = {
    .name = "constants",
    .summary = "one number for all keys of a stream, one for all its values",
    .reveals = "division by a range of zero, scales with a floor, sums of weights that drift with length",
    .fill = &fill};

}  // namespace kvproof::generators
