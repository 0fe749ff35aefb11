// Zero keys and one-hot values: the output is what attention weighs. Every visible token weighs the
// same, and output channel c adds up the weights of the positions j with j mod Dv = c. With Dv >= N
// it is the visible set itself.
#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

void fill(StreamData& data, Random& random) {
  fill_normal(data.q, random);
  for (Position n = 0; data.dv > 0 && n < data.tokens; ++n) {
    data.value(n)[std::size_t(n % data.dv)] = 1;
  }
}

}  // namespace

extern const Generator one_hot_values = {
    .name = "one_hot_values",
    .summary = "zero keys; value j is one-hot at channel j mod Dv: outputs are attention weights",
    .reveals = "the visible set itself: windows off by one, the future seen, rows lost or seen twice",
    .fill = &fill};

}  // namespace kvproof::generators
