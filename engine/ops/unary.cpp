// Unary: operators of one element.
#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/base/parallel.h"
#include "engine/ops/convert.h"
#include "engine/ops/element.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/exponential.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/floating.h"
#include "engine/ops/known.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr std::int64_t kBlock = 1024, kGrain = 16 * kBlock;

float sigmoid(float x) { return sigmoid_f32(x); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
float exponential(float x) { return exp_f32(x); }
double exponential(double x) { return std::exp(x); }
float hyperbolic_tangent(float x) { return tanh_f32(x); }
double hyperbolic_tangent(double x) { return std::tanh(x); }

// 0.5 (1 + tanh(u)) is the sigmoid of 2u, without the difference of two numbers close to each other.
template <class T>
T gelu(T x, T power) {
  constexpr T kTwiceRoot = T(1.5957691216057308);  // 2 sqrt(2 / pi)
  return x * sigmoid(kTwiceRoot * (x + T(0.044715) * power));
}

template <class T>
T sign(T x) {
  return x != x ? x : T(T(x > 0) - T(x < 0));
}

// body(function of one T). REQUIRES: not kNot.
template <class T, class Body>
void visit_floating(UnaryFn fn, const Body& body) {
  switch (fn) {
    case UnaryFn::kNeg:
      return body([](T x) { return -x; });
    case UnaryFn::kAbs:
      return body([](T x) { return std::abs(x); });
    case UnaryFn::kSign:
      return body([](T x) { return sign(x); });
    case UnaryFn::kSqr:
      return body([](T x) { return x * x; });
    case UnaryFn::kSqrt:
      return body([](T x) { return std::sqrt(x); });
    case UnaryFn::kRsqrt:
      return body([](T x) { return 1 / std::sqrt(x); });
    case UnaryFn::kRecip:
      return body([](T x) { return 1 / x; });
    case UnaryFn::kExp:
      return body([](T x) { return exponential(x); });
    case UnaryFn::kLn:
      return body([](T x) { return std::log(x); });
    case UnaryFn::kSin:
      return body([](T x) { return std::sin(x); });
    case UnaryFn::kCos:
      return body([](T x) { return std::cos(x); });
    case UnaryFn::kTanh:
      return body([](T x) { return hyperbolic_tangent(x); });
    case UnaryFn::kErf:
      return body([](T x) { return std::erf(x); });
    case UnaryFn::kSigmoid:
      return body([](T x) { return sigmoid(x); });
    case UnaryFn::kSilu:
      return body([](T x) { return x * sigmoid(x); });
    case UnaryFn::kFloor:
      return body([](T x) { return std::floor(x); });
    case UnaryFn::kCeil:
      return body([](T x) { return std::ceil(x); });
    case UnaryFn::kRound:
      return body([](T x) { return std::round(x); });
    case UnaryFn::kGeluApprox:
      return body([](T x) { return gelu(x, x * x * x); });
    default:
      KVPROOF_CHECK(fn == UnaryFn::kGeluApproxFast);
      return body([](T x) { return gelu(x, x * x); });
  }
}

bool keeps_integers(UnaryFn fn) { return fn == UnaryFn::kFloor || fn == UnaryFn::kCeil || fn == UnaryFn::kRound; }
bool takes_integers(UnaryFn fn) { return fn <= UnaryFn::kSqr || keeps_integers(fn); }

// REQUIRES: takes_integers(fn).
template <class T>
T of_integer(UnaryFn fn, T x) {
  const auto bits = std::uint64_t(x);  // so that what does not fit wraps
  switch (fn) {
    case UnaryFn::kNeg:
      return T(-bits);
    case UnaryFn::kAbs:
      return x < 0 ? T(-bits) : x;
    case UnaryFn::kSign:
      return T(T(x > 0) - T(x < 0));
    case UnaryFn::kSqr:
      return T(bits * bits);
    default:
      return x;
  }
}

std::optional<Dim> of_dim(UnaryFn fn, const Dim& x, const Assumptions& known) {
  switch (fn) {
    case UnaryFn::kNeg:
      return -1 * x;
    case UnaryFn::kAbs:
      return known.implies_at_least(x, 0) ? x : known.implies_at_least(0, x) ? -1 * x : max(x, -1 * x);
    case UnaryFn::kSign:
      if (x.integer()) return Dim(sign(*x.integer()));
      if (known.implies_at_least(x, 1)) return Dim(1);
      return known.implies_at_least(-1, x) ? std::optional(Dim(-1)) : std::nullopt;
    case UnaryFn::kSqr:
      return x * x;
    case UnaryFn::kNot:
      return 1 - x;
    default:
      return keeps_integers(fn) ? std::optional(x) : std::nullopt;
  }
}

// The elements [begin, end).
using Range = std::function<void(std::int64_t begin, std::int64_t end)>;

Range floating_range(UnaryFn fn, const TensorView& from, const MutableTensorView& to) {
  Range range;
  if (is_half(from.dtype)) {
    visit_floating<float>(fn, [&](auto function) {
      range = [=](std::int64_t begin, std::int64_t end) {
        float block[kBlock];
        for (std::int64_t i = begin; i < end; i += kBlock) {
          const std::int64_t n = std::min(kBlock, end - i);
          to_f32(from.dtype, from.data + 2 * i, n, block);
          std::transform(block, block + n, block, function);
          from_f32(to.dtype, block, n, to.data + 2 * i);
        }
      };
    });
    return range;
  }
  const auto native = [&]<class T>(std::type_identity<T>) {
    visit_floating<T>(fn, [&](auto function) {
      range = [x = from.as<T>(), y = to.as<T>(), function](std::int64_t begin, std::int64_t end) {
        std::transform(x + begin, x + end, y + begin, function);
      };
    });
  };
  from.dtype == DType::kF64 ? native(std::type_identity<double>()) : native(std::type_identity<float>());
  return range;
}

Range range_of(UnaryFn fn, const TensorView& from, const MutableTensorView& to) {
  if (is_floating(from.dtype)) return floating_range(fn, from, to);
  if (fn == UnaryFn::kNot) {
    return [x = from.as<bool>(), y = to.as<bool>()](std::int64_t begin, std::int64_t end) {
      std::transform(x + begin, x + end, y + begin, std::logical_not<>());
    };
  }
  return visit_integer(from.dtype, [&]<class T>(std::type_identity<T>) -> Range {
    return [fn, x = from.as<T>(), y = to.as<T>()](std::int64_t begin, std::int64_t end) {
      std::transform(x + begin, x + end, y + begin, [fn](T element) { return of_integer(fn, element); });
    };
  });
}

}  // namespace

std::string_view Unary::name() const {
  constexpr std::string_view kNames[] = {"Neg",
                                         "Abs",
                                         "Sign",
                                         "Sqr",
                                         "Sqrt",
                                         "Rsqrt",
                                         "Recip",
                                         "Exp",
                                         "Ln",
                                         "Sin",
                                         "Cos",
                                         "Tanh",
                                         "Erf",
                                         "Sigmoid",
                                         "Silu",
                                         "Floor",
                                         "Ceil",
                                         "Round",
                                         "GeluApproximate",
                                         "GeluApproximate",
                                         "Not"};
  return kNames[int(fn)];
}

std::string Unary::attributes() const { return fn == UnaryFn::kGeluApproxFast ? "fast_impl = true" : ""; }

std::vector<Fact> Unary::facts(std::span<const Fact> inputs, const Assumptions& assumptions) const {
  require_inputs(*this, inputs, 1);
  const DType type = inputs[0].dtype;
  const bool takes =
      fn == UnaryFn::kNot ? type == DType::kBool : is_floating(type) || (is_integer(type) && takes_integers(fn));
  if (!takes) refuse(*this, "an operand of type " + std::string(name_of(type)));
  return {with_known_elements(*this, inputs, assumptions, Fact(type, inputs[0].shape),
                              [&](std::span<const Dim> x) { return of_dim(fn, x[0], assumptions); })};
}

std::vector<Value> Unary::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Value& x = inputs[0];
  if (is_integer(x.dtype()) && keeps_integers(fn)) return {x};
  Tensor out = evaluation.output();
  KVPROOF_CHECK(out.shape() == x.shape() && out.dtype() == x.dtype());
  const Range range = range_of(fn, x, out.view());
  const std::int64_t n = x.shape().elements();
  if (n <= kGrain) {
    range(0, n);
  } else {
    parallel_for(n, kGrain, range);
  }
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
