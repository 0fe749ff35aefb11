// Whole numbers from -3 to 3. Every dot product is exact in f32 in any order, and every storage
// type holds every element: laws may ask for equal bits.
#include "datasets/generator.h"

namespace kvproof::generators {
namespace {

void fill(StreamData& data, Random& random) {
  for (const std::span<float> values : {data.q, data.k, data.v}) {
    for (float& x : values) x = float(random.integer(-3, 3));
  }
}

}  // namespace

extern const Generator small_integers = {
    .name = "small_integers",
    .summary = "whole numbers from -3 to 3: dot products are exact in any order and in every storage type",
    .reveals = "any wrong row or channel at once: a difference cannot be rounding",
    .fill = &fill};

}  // namespace kvproof::generators
