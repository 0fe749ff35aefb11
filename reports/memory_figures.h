// The section that shows memory.
#pragma once

#include "reports/figures.h"

namespace kvproof::report {

// Bytes held and bytes per token across T, and the components at one T.
Section memory_section(const Data& data);

// The cell of a strategy at T in the shape that most memory cells share; null if there is none.
const Memory* memory_at(const Data& data, const std::string& strategy, std::int64_t T);

// The f32 cache that a cell is compared with: `concat` or `in_place` of the same shape and length;
// null if none.
const Memory* f32_memory(const Data& data, const Memory& cell);

}  // namespace kvproof::report
