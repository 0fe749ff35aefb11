// The functions of BinaryFn on expressions over symbols.
#include "engine/ops/arithmetic.h"

namespace kvproof {
namespace {

constexpr std::int64_t kLargestExponent = 8;
// No tensor has so many elements, so that no expression reaches it: exporters write the largest integer for "to the
// end".
constexpr std::int64_t kBeyond = std::int64_t{1} << 62;

std::optional<Dim> power(const Dim& base, const Dim& exponent) {
  const std::int64_t n = exponent.integer().value_or(-1);
  if (n < 0 || n > kLargestExponent) return std::nullopt;
  Dim result = 1;
  for (std::int64_t i = 0; i < n; ++i) result = result * base;
  return result;
}

// The operands of a minimum or maximum that stands alone.
const Dim::Factor* extreme_of(const Dim& dim, Dim::Factor::Kind kind) {
  const auto& terms = dim.terms();
  if (terms.size() != 1 || terms[0].coefficient != 1 || terms[0].factors.size() != 1) return nullptr;
  return terms[0].factors[0]->kind == kind ? terms[0].factors[0].get() : nullptr;
}

// Whether a >= b follows, also of what minima and maxima are made of.
bool implies_at_least(const Dim& a, const Dim& b, const Assumptions& known, int depth = 3) {
  using Kind = Dim::Factor::Kind;
  if (known.implies_at_least(a, b)) return true;
  if (depth == 0) return false;
  const auto holds = [&](const Dim& x, const Dim& y) { return implies_at_least(x, y, known, depth - 1); };
  if (const auto* f = extreme_of(b, Kind::kMax)) return holds(a, f->a) && holds(a, f->b);
  if (const auto* f = extreme_of(b, Kind::kMin)) return holds(a, f->a) || holds(a, f->b);
  if (const auto* f = extreme_of(a, Kind::kMin)) return holds(f->a, b) && holds(f->b, b);
  if (const auto* f = extreme_of(a, Kind::kMax)) return holds(f->a, b) || holds(f->b, b);
  return false;
}

std::optional<bool> at_least(const Dim& a, const Dim& b, const Assumptions& known) {
  const std::optional<std::int64_t> x = a.integer(), y = b.integer();
  if (x && y) return *x >= *y;
  if (x && std::abs(*x) >= kBeyond) return *x > 0;
  if (y && std::abs(*y) >= kBeyond) return *y < 0;
  if (implies_at_least(a, b, known)) return true;
  if (implies_at_least(b, a + 1, known)) return false;
  return std::nullopt;
}

std::optional<bool> equal(const Dim& a, const Dim& b, const Assumptions& known) {
  if (a == b) return true;
  const std::optional<bool> up = at_least(a, b, known), down = at_least(b, a, known);
  if (up == false || down == false) return false;
  if (up && down) return true;
  return std::nullopt;
}

std::optional<Dim> as_dim(std::optional<bool> answer, bool negated = false) {
  if (!answer) return std::nullopt;
  return Dim(std::int64_t(*answer != negated));
}

// The larger one where `up`, else the smaller.
Dim extreme(const Dim& a, const Dim& b, bool up, const Assumptions& known) {
  const std::optional<bool> ordered = at_least(a, b, known);
  if (ordered) return *ordered == up ? a : b;
  if (implies_at_least(b, a, known)) return up ? b : a;
  return up ? max(a, b) : min(a, b);
}

}  // namespace

std::optional<Dim> combined(BinaryFn fn, const Dim& a, const Dim& b, const Assumptions& known) {
  switch (fn) {
    case BinaryFn::kAdd:
      return a + b;
    case BinaryFn::kSub:
      return a - b;
    case BinaryFn::kMul:
      return a * b;
    case BinaryFn::kDiv:
      if (b.is(0)) return std::nullopt;  // eval tells
      return a / b;
    case BinaryFn::kPow:
      return power(a, b);
    case BinaryFn::kMin:
    case BinaryFn::kMax:
      return extreme(a, b, fn == BinaryFn::kMax, known);
    case BinaryFn::kEq:
      return as_dim(equal(a, b, known));
    case BinaryFn::kNe:
      return as_dim(equal(a, b, known), true);
    case BinaryFn::kLt:
      return as_dim(at_least(a, b, known), true);
    case BinaryFn::kLe:
      return as_dim(at_least(b, a, known));
    case BinaryFn::kGt:
      return as_dim(at_least(b, a, known), true);
    case BinaryFn::kGe:
      return as_dim(at_least(a, b, known));
    case BinaryFn::kAnd:
      return a * b;  // bools are 0 and 1
    default:
      KVPROOF_CHECK(fn == BinaryFn::kOr);
      return a + b - a * b;
  }
}

}  // namespace kvproof
