// Runs of stored rows, as a strategy lists them and attention reads them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/units.h"
#include "engine/codec/codec.h"

namespace kvproof {

// Rows [row, row + n) of an encoded array that begins at data. A cut may fall inside a block.
struct Rows {
  const Codec* codec = nullptr;
  const std::byte* data = nullptr;
  std::int64_t row = 0;
};

// `tokens` rows at ascending positions. Keys and values may have different codecs. The segments of a stream ascend as
// well and do not overlap. Only under a policy (VisibleRule::Kind::kPolicy) may `positions` stand in any order: all of
// them precede every query, and no rule needs to find one.
struct Segment {
  Rows keys, values;
  std::int64_t tokens = 0;
  Position first = 0;                   // position of the first row
  const Position* positions = nullptr;  // [tokens] where they are not first, first + 1, ...

  Position at(std::int64_t i) const { return positions ? positions[i] : first + i; }
};

using Segments = std::vector<Segment>;

}  // namespace kvproof
