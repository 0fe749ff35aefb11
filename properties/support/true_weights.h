// What a query gives to each row that it sees, in float64, and by how much a right float32 weight may differ.
#pragma once

#include <span>
#include <vector>

namespace kvproof {

struct TrueWeights {
  std::vector<double> of_row;  // softmax; all zeros for a query with nothing to attend
  double error = 0;            // of each weight, relative to it; besides, weights below 2^-126 may be lost
  bool uniform = true;         // all rows that are not hidden score exactly alike
};

// Rows are added one after the other, then weighed.
class WeighedQuery {
 public:
  WeighedQuery(std::span<const float> q, double scale, double softcap) : q_(q), scale_(scale), softcap_(softcap) {}
  void add(std::span<const float> key, double bias);  // -infinity hides
  TrueWeights weights() const;

 private:
  const std::span<const float> q_;
  const double scale_, softcap_;
  std::vector<double> scores_;
  double largest_ = 0;  // magnitude of a partial sum of a score
};

}  // namespace kvproof
