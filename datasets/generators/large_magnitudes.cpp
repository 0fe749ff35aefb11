// Keys and values up to 2^15, the largest power of two that f16 holds, and scores up to 100 and
// more: exp of such a score overflows f32 unless the maximum is taken off first. With |q| <= 2^-6
// every partial sum of a dot product stays below D * 2^9, far from the end of f32, and its rounding
// leaves the weights meaningful. Larger scores would be legal, but then rounding alone would decide
// which token wins, and no law could tell a fault from it.
#include <algorithm>

#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

constexpr float kLargest = 0x1p15f, kLargestQuery = 0x1p-6f;

void fill_large(std::span<float> values, float largest, Random& random) {
  fill_normal(values, random, largest / 4.0);
  for (float& x : values) x = std::clamp(x, -largest, largest);
}

void fill(StreamData& data, Random& random) {
  fill_large(data.q, kLargestQuery, random);
  fill_large(data.k, kLargest, random);
  fill_large(data.v, kLargest, random);
}

}  // namespace

extern const Generator large_magnitudes = {
    .name = "large_magnitudes",
    .summary = "keys and values up to 32768, the edge of f16; scores of 100 and more",
    .reveals = "exponentials without the maximum taken off, sums or scales kept in 16 bits",
    .fill = &fill};

}  // namespace kvproof::generators
