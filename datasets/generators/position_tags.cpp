// Every row says whose it is. A tag is five digits to base 128: the position's lowest two, the
// stream's lowest two, and the position's third; channel c carries digit c mod 5. Keys carry the
// digits, values -1 minus them, so that a key is never taken for a value. Every storage type holds
// them exactly.
#include <array>

#include "datasets/generator.h"
#include "datasets/values.h"

namespace kvproof::generators {
namespace {

constexpr std::int64_t kBase = 128;

void fill(StreamData& data, Random& random) {
  fill_normal(data.q, random);
  for (Position n = 0; n < data.tokens; ++n) {
    const std::array<std::int64_t, 5> digits{n % kBase, n / kBase % kBase, data.stream % kBase,
                                             data.stream / kBase % kBase, n / (kBase * kBase) % kBase};
    for (std::size_t c = 0; float& x : data.key(n)) x = float(digits[c++ % digits.size()]);
    for (std::size_t c = 0; float& x : data.value(n)) x = float(-1 - digits[c++ % digits.size()]);
  }
}

}  // namespace

extern const Generator position_tags = {
    .name = "position_tags",
    .summary = "every key and value row spells its position and its stream in digits to base 128",
    .reveals = "whose row was read: wrong head, wrong batch row, wrong slot, keys and values swapped",
    .fill = &fill};

}  // namespace kvproof::generators
