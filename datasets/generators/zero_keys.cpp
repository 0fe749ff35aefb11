// Zero keys and whole numbers from -3 to 3 as values: every visible row has the same weight, so that an output is a sum
// of whole numbers, exact in any order, divided once by the number of rows.
#include "datasets/generator.h"

namespace kvproof::generators {
namespace {

void fill(StreamData& data, Random& random) {
  for (float& x : data.q) x = float(random.normal());
  for (float& x : data.v) x = float(random.integer(-3, 3));
}

}  // namespace

extern const Generator zero_keys = {
    .name = "zero_keys",
    .summary = "zero keys; values are whole numbers from -3 to 3: outputs are exact means of visible rows",
    .reveals = "a row too many, too few, or of another head, with no tolerance to hide in",
    .fill = &fill};

}  // namespace kvproof::generators
