// Independent normal values of mean 0 and variance 1. The null case: no token matters more than
// another, so that no policy can choose better than by chance.
#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

void fill(StreamData& data, Random& random) {
  fill_normal(data.q, random);
  fill_normal(data.k, random);
  fill_normal(data.v, random);
}

}  // namespace

extern const Generator gaussian = {
    .name = "gaussian",
    .summary = "independent normal values of mean 0 and variance 1",
    .reveals = "plain mistakes of indexing, scale and masks; no policy can beat chance on it",
    .fill = &fill};

}  // namespace kvproof::generators
