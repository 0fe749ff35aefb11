// What each function of BinaryFn does with two elements of one C++ type.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>

#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/ops/elementwise.h"

namespace kvproof {

inline bool compares(BinaryFn fn) { return fn >= BinaryFn::kEq && fn <= BinaryFn::kGe; }
inline bool is_logic(BinaryFn fn) { return fn == BinaryFn::kAnd || fn == BinaryFn::kOr; }

// Integers wrap: their sums and products are made without sign, in 64 bits.
template <class T, class Make>
T wrapped(T a, T b, const Make& make) {
  if constexpr (std::is_integral_v<T>) {
    return T(make(std::uint64_t(a), std::uint64_t(b)));
  } else {
    return make(a, b);
  }
}

template <class T>
T quotient(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) throw Error(ErrorCode::kMismatch, "Div: " + std::to_string(a) + " divided by zero");
    if (std::is_signed_v<T> && b == T(-1)) return wrapped(T(0), a, std::minus<>());
  }
  return T(a / b);
}

template <class T>
T power(T base, T exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::pow(base, exponent);
  } else {
    if (exponent < 0) throw Error(ErrorCode::kMismatch, "Pow: integers to the power of " + std::to_string(exponent));
    std::uint64_t result = 1, square = std::uint64_t(base);
    for (auto bits = std::uint64_t(exponent); bits != 0; bits >>= 1, square *= square) {
      if (bits & 1) result *= square;
    }
    return T(result);
  }
}

// NaN where either is.
template <class T>
T smaller(T a, T b) {
  return a < b || a != a ? a : b;
}
template <class T>
T larger(T a, T b) {
  return a > b || a != a ? a : b;
}

// body(function of two T) for what gives T again. REQUIRES: neither a comparison nor logic; T is no bool.
template <class T, class Body>
void visit_arithmetic(BinaryFn fn, const Body& body) {
  switch (fn) {
    case BinaryFn::kAdd:
      return body([](T a, T b) { return wrapped(a, b, std::plus<>()); });
    case BinaryFn::kSub:
      return body([](T a, T b) { return wrapped(a, b, std::minus<>()); });
    case BinaryFn::kMul:
      return body([](T a, T b) { return wrapped(a, b, std::multiplies<>()); });
    case BinaryFn::kDiv:
      return body([](T a, T b) { return quotient(a, b); });
    case BinaryFn::kPow:
      return body([](T a, T b) { return power(a, b); });
    case BinaryFn::kMin:
      return body([](T a, T b) { return smaller(a, b); });
    default:
      KVPROOF_CHECK(fn == BinaryFn::kMax);
      return body([](T a, T b) { return larger(a, b); });
  }
}

// The same for what gives bool.
template <class T, class Body>
void visit_comparison(BinaryFn fn, const Body& body) {
  switch (fn) {
    case BinaryFn::kEq:
      return body([](T a, T b) { return a == b; });
    case BinaryFn::kNe:
      return body([](T a, T b) { return a != b; });
    case BinaryFn::kLt:
      return body([](T a, T b) { return a < b; });
    case BinaryFn::kLe:
      return body([](T a, T b) { return a <= b; });
    case BinaryFn::kGt:
      return body([](T a, T b) { return a > b; });
    default:
      KVPROOF_CHECK(fn == BinaryFn::kGe);
      return body([](T a, T b) { return a >= b; });
  }
}

// The same on expressions over symbols: none where the answer depends on them, or is no expression.
std::optional<Dim> combined(BinaryFn fn, const Dim& a, const Dim& b, const Assumptions& assumptions);

}  // namespace kvproof
