// Operators that work element by element: arithmetic, comparisons, functions of one number, casts, selection.
//
// Shapes are aligned as NNEF does, on the LEFT: the operand of lower rank gets axes of 1 behind its last one. Then axes
// must agree or be 1. Operands have one dtype, save that a constant scalar takes the dtype of the other operand (of two
// of them the floating one decides, then the narrower), and i64 and tdim go together (tdim comes out). Floating
// types of 16 bits are computed in f32 and rounded once. Integers wrap. Where the elements of all operands are known as
// dims, so are those of the result; small constants are folded.
#pragma once

#include "engine/graph/op.h"

namespace kvproof {

enum class BinaryFn { kAdd, kSub, kMul, kDiv, kPow, kMin, kMax, kEq, kNe, kLt, kLe, kGt, kGe, kAnd, kOr };

// kDiv of integers goes towards zero; by zero it throws Error(kMismatch). kMin and kMax give NaN if either is NaN.
// Comparisons give bool; kAnd and kOr take bool.
class Binary : public Op {
 public:
  explicit Binary(BinaryFn function) : fn(function) {}
  std::string_view name() const override;  // "Add", "Sub", ..., "Or"
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const BinaryFn fn;
};

enum class UnaryFn {
  kNeg,
  kAbs,
  kSign,
  kSqr,
  kSqrt,
  kRsqrt,
  kRecip,
  kExp,
  kLn,
  kSin,
  kCos,
  kTanh,
  kErf,
  kSigmoid,
  kSilu,
  kFloor,
  kCeil,
  kRound,
  kGeluApprox,      // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  kGeluApproxFast,  // the same with x^2
  kNot              // of bool
};

class Unary : public Op {
 public:
  explicit Unary(UnaryFn function) : fn(function) {}
  std::string_view name() const override;  // "Neg", ..., "Silu", "GeluApproximate"
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const UnaryFn fn;
};

// Floats to integers go towards zero and saturate, NaN gives 0; to bool: whether it is not 0.
class Cast : public Op {
 public:
  explicit Cast(DType type) : to(type) {}
  std::string_view name() const override { return "Cast"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const DType to;
};

// (condition: bool, a, b) -> a where the condition holds, else b; the three are broadcast as above.
class Select : public Op {
 public:
  std::string_view name() const override { return "Select"; }
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
};

}  // namespace kvproof
