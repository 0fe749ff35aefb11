// Operators that sum along axes: reductions, softmax, norms. Sums are made in f32 (f64 for f64, 64 bits for integers)
// in an order that the index alone decides (lanes, each ascending), so that the result does not depend on threads; it
// is rounded once to the input's dtype.
#pragma once

#include <vector>

#include "engine/graph/op.h"

namespace kvproof {

enum class ReduceFn { kSum, kMean, kMax, kMin, kProduct };

// Reduced axes stay as 1.
class Reduce : public Op {
 public:
  Reduce(ReduceFn function, std::vector<int> over) : fn(function), axes(std::move(over)) {}
  std::string_view name() const override;  // "SumReduce", "MeanReduce", ...
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const ReduceFn fn;
  const std::vector<int> axes;  // ascending, each once
};

// A row whose elements are all -inf gives zeros.
class Softmax : public Op {
 public:
  explicit Softmax(std::vector<int> over) : axes(std::move(over)) {}
  std::string_view name() const override { return "Softmax"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const std::vector<int> axes;  // ascending, each once
};

// x / sqrt(mean(x^2, axis) + eps); no weight.
class RmsNorm : public Op {
 public:
  RmsNorm(int along, float epsilon) : axis(along), eps(epsilon) {}
  std::string_view name() const override { return "RmsNorm"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const int axis;
  const float eps;
};

// (x, mask) -> softmax over the last axis of x * scale + mask. A bool mask (of lower rank: aligned on the right) hides
// where it is false; a floating mask has the rank of x and is added; both broadcast. Hidden elements are 0 where
// `zero_hidden`, and a row with nothing visible gives zeros.
class ScaledMaskedSoftmax : public Op {
 public:
  ScaledMaskedSoftmax(float factor, bool zero) : scale(factor), zero_hidden(zero) {}
  std::string_view name() const override { return "ScaledMaskedSoftmax"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const float scale;       // not 0
  const bool zero_hidden;  // "post_softmax_mask" in NNEF
};

}  // namespace kvproof
