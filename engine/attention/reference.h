// The float64 oracle: right by inspection, never optimised, nothing shared with the fast path.
#pragma once

#include <span>
#include <vector>

namespace kvproof {

// One query over an explicit list of rows.
struct ReferenceQuery {
  std::span<const float> q;               // [D]
  std::vector<std::span<const float>> k;  // visible rows, each [D]
  std::vector<std::span<const float>> v;  // each [Dv]
  double scale = 1;
  double softcap = 0;        // 0: none
  std::vector<double> bias;  // added to each score, or empty
};

struct ReferenceResult {
  std::vector<double> out;  // [Dv]; zeros for a query with nothing to attend
  // The most by which a right float32 implementation may differ in any element, whatever its order of sums.
  double tolerance = 0;
  std::vector<double> weights;  // of each row of k: their sum is 1, or 0 with nothing to attend
  double weight_error = 0;      // likewise for a weight, relative to it
};

ReferenceResult reference_attention(const ReferenceQuery& query, int dv);

}  // namespace kvproof
