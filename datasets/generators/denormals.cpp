// Keys and values so small that formats lose their leading bit: runs of 64 tokens below 2^-126
// (denormal in f32), then 64 below 2^-14 (denormal in f16), in turns, with zeros among them.
#include <cmath>

#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

// (-2^exponent, 2^exponent), of every smaller magnitude down to 2^-22 of it; one in eight is zero.
float tiny(int exponent, Random& random) {
  if (random.integer(0, 7) == 0) return 0;
  const double magnitude = std::ldexp(random.uniform(), exponent - int(random.integer(0, 22)));
  return float(random.integer(0, 1) ? magnitude : -magnitude);
}

void fill(StreamData& data, Random& random) {
  fill_normal(data.q, random);
  for (Position n = 0; n < data.tokens; ++n) {
    const int exponent = n / 64 % 2 == 0 ? -126 : -14;
    for (float& x : data.key(n)) x = tiny(exponent, random);
    for (float& x : data.value(n)) x = tiny(exponent, random);
  }
}

}  // namespace

extern const Generator denormals = {
    .name = "denormals",
    .summary = "keys and values below 2^-126 (64 tokens) and below 2^-14 (64 tokens) in turns",
    .reveals = "scales that underflow to zero, division by them, conversions that flush small numbers",
    .fill = &fill};

}  // namespace kvproof::generators
