// Sums of products: matrix products and einsum, through the kernels of the row codecs (16- and 32-bit floats) and
// Eigen. Accumulation is f32 (f64 for f64; integers exactly); the result is rounded once. Work is cut at fixed places,
// so that the bits do not depend on threads.
#pragma once

#include <string>

#include "engine/graph/op.h"

namespace kvproof {

// [..., m, k] x [..., k, n] -> [..., m, n]; ranks are equal, leading axes agree or are 1.
class MatMul : public Op {
 public:
  MatMul(bool a_transposed, bool b_transposed) : transpose_a(a_transposed), transpose_b(b_transposed) {}
  std::string_view name() const override { return "MatMul"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const bool transpose_a, transpose_b;
};

// (x [..., k], weight [n, k]) -> [..., n] in the type of x. Both are floats of 16 or 32 bits, not of one type by need:
// a weight is read as it is stored.
class Linear : public Op {
 public:
  std::string_view name() const override { return "Linear"; }
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
};

// "bhgmk,bhgnk->bhgmn": one letter per axis; a letter that the result lacks is summed over; of one or two inputs.
class Einsum : public Op {
 public:
  // Throws Error(kMalformed) for an expression that is none, or that names an axis of one input twice.
  explicit Einsum(std::string expression);
  std::string_view name() const override { return "EinSum"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const std::string expr;
};

}  // namespace kvproof
