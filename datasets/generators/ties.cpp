// Keys repeat: each is one of four rows of whole numbers, so that many scores are equal to the last
// bit, whatever the order of sums. Values differ, so that it shows which of the equals was kept.
#include <algorithm>
#include <vector>

#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

constexpr std::int64_t kDistinctKeys = 4;

void fill(StreamData& data, Random& random) {
  for (float& x : data.q) x = float(random.integer(-2, 2));
  fill_normal(data.v, random);
  std::vector<float> keys(std::size_t(kDistinctKeys * data.d));
  for (float& x : keys) x = float(random.integer(-2, 2));
  for (Position n = 0; n < data.tokens; ++n) {
    const auto chosen = keys.begin() + random.integer(0, kDistinctKeys - 1) * data.d;
    std::copy_n(chosen, data.d, data.key(n).begin());
  }
}

}  // namespace

extern const Generator ties = {
    .name = "ties",
    .summary = "every key is one of four rows of whole numbers: many scores are exactly equal",
    .reveals = "choices that depend on how ties fall: unstable selection, duplicated or lost tokens",
    .fill = &fill};

}  // namespace kvproof::generators
