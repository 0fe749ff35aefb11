// Values far from zero: mean 10, deviation 1. Keys and queries are normal.
#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

constexpr float kMean = 10;

void fill(StreamData& data, Random& random) {
  fill_normal(data.q, random);
  fill_normal(data.k, random);
  fill_normal(data.v, random);
  for (float& x : data.v) x += kMean;
}

}  // namespace

extern const Generator offset = {
    .name = "offset",
    .summary = "values of mean 10 and deviation 1",
    .reveals = "scales without a minimum, weights that do not sum to 1, unowned rows read as zero",
    .fill = &fill};

}  // namespace kvproof::generators
