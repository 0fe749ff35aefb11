// The two steps of the oracle for caches that may lose something: outputs over the rows that were read back before a
// step, and rows that were read back over the rows that were appended.
#pragma once

#include <cmath>
#include <vector>

#include "properties/support/rig.h"

namespace kvproof {

// The rows of one stream as a cache reads them back.
struct StoredRows {
  std::vector<Position> positions;  // ascending
  std::vector<float> keys, values;  // [positions,D], [positions,Dv]
};

// Of every stream.
std::vector<StoredRows> read_all(const Rig& rig);

// What rounding a float to a storage dtype may change: half an ulp, which below the normal numbers is fixed.
struct HalfUlp {
  double relative = 0, fixed = 0;

  double of(double value) const { return relative == 0 ? 0 : std::abs(value) * relative + fixed; }
};
HalfUlp half_ulp(DType dtype);

// A row as full precision stores it: rounded once to the contract's dtype.
std::vector<float> rounded(std::span<const float> row, DType dtype);

// Every query of `answer` against reference_attention over the visible rows of `before` and the step's own rows.
void expect_oracle(const Rig& rig, const std::vector<StoredRows>& before, const Answer& answer, Witness& witness);
// Every row of the cache against what was appended, as closely as the contract's fidelity says.
void expect_stored_rows(const Rig& rig, Witness& witness);

}  // namespace kvproof
