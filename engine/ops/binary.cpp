// Binary: operators of two elements.
#include <algorithm>
#include <array>
#include <functional>

#include "engine/ops/arithmetic.h"
#include "engine/ops/broadcast.h"
#include "engine/ops/convert.h"
#include "engine/ops/element.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/known.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr std::int64_t kBlock = 1024;

// n elements, neighbours `step` apart: 1, or 0 for one element that meets all others.
struct Elements {
  const std::byte* data;
  std::int64_t step;

  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data);
  }
};

template <class T, class R, class Function>
void apply(const Elements& a, const Elements& b, std::int64_t n, R* out, const Function& function) {
  const T *x = a.as<T>(), *y = b.as<T>();
  if (a.step && b.step) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = function(x[i], y[i]);
  } else if (a.step) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = function(x[i], *y);
  } else if (b.step) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = function(*x, y[i]);
  } else {
    std::fill_n(out, n, function(*x, *y));
  }
}

// The operands of 16 bits in f32, block by block: body(a, b, number of elements, first element).
template <class Body>
void widened(DType type, const Elements& a, const Elements& b, std::int64_t n, const Body& body) {
  float x[kBlock], y[kBlock];
  const auto widen_block = [&](const Elements& from, std::int64_t i, std::int64_t m, float* to) {
    to_f32(type, from.data + i * from.step * 2, from.step ? m : 1, to);
  };
  for (std::int64_t i = 0; i < n; i += kBlock) {
    const std::int64_t m = std::min(kBlock, n - i);
    widen_block(a, i, m, x);
    widen_block(b, i, m, y);
    body(Elements{reinterpret_cast<std::byte*>(x), a.step}, Elements{reinterpret_cast<std::byte*>(y), b.step}, m, i);
  }
}

using Kernel = std::function<void(const Elements& a, const Elements& b, std::int64_t n, std::byte* out)>;

Kernel arithmetic_kernel(BinaryFn fn, DType type) {
  Kernel kernel;
  if (is_half(type)) {
    visit_arithmetic<float>(fn, [&](auto function) {
      kernel = [=](const Elements& a, const Elements& b, std::int64_t n, std::byte* out) {
        widened(type, a, b, n, [&](const Elements& x, const Elements& y, std::int64_t m, std::int64_t i) {
          float z[kBlock];
          apply<float>(x, y, m, z, function);
          from_f32(type, z, m, out + i * 2);
        });
      };
    });
    return kernel;
  }
  visit_native(type, [&]<class T>(std::type_identity<T>) {
    if constexpr (!std::is_same_v<T, bool>) {
      visit_arithmetic<T>(fn, [&](auto function) {
        kernel = [=](const Elements& a, const Elements& b, std::int64_t n, std::byte* out) {
          apply<T>(a, b, n, reinterpret_cast<T*>(out), function);
        };
      });
    }
  });
  return kernel;
}

Kernel comparison_kernel(BinaryFn fn, DType type) {
  Kernel kernel;
  if (is_half(type)) {
    visit_comparison<float>(fn, [&](auto function) {
      kernel = [=](const Elements& a, const Elements& b, std::int64_t n, std::byte* out) {
        widened(type, a, b, n, [&](const Elements& x, const Elements& y, std::int64_t m, std::int64_t i) {
          apply<float>(x, y, m, reinterpret_cast<bool*>(out) + i, function);
        });
      };
    });
    return kernel;
  }
  visit_native(type, [&]<class T>(std::type_identity<T>) {
    visit_comparison<T>(fn, [&](auto function) {
      kernel = [=](const Elements& a, const Elements& b, std::int64_t n, std::byte* out) {
        apply<T>(a, b, n, reinterpret_cast<bool*>(out), function);
      };
    });
  });
  return kernel;
}

Kernel logic_kernel(BinaryFn fn) {
  return [fn](const Elements& a, const Elements& b, std::int64_t n, std::byte* out) {
    if (fn == BinaryFn::kAnd) {
      apply<bool>(a, b, n, reinterpret_cast<bool*>(out), [](bool x, bool y) { return x && y; });
    } else {
      apply<bool>(a, b, n, reinterpret_cast<bool*>(out), [](bool x, bool y) { return x || y; });
    }
  };
}

// The type in which a run computes. Facts have decided it; where the result does not show it and both operands are
// single elements, f64 holds what either is.
DType computing_type(BinaryFn fn, const Value& a, const Value& b, DType result) {
  if (!compares(fn)) return result;
  if (a.dtype() == b.dtype()) return a.dtype();
  if (counts(a.dtype()) && counts(b.dtype())) return DType::kI64;
  const bool a_one = a.shape().elements() == 1, b_one = b.shape().elements() == 1;
  if (a_one && b_one) return DType::kF64;
  return a_one ? b.dtype() : a.dtype();
}

}  // namespace

std::string_view Binary::name() const {
  constexpr std::string_view kNames[] = {"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Eq",
                                         "Ne",  "Lt",  "Le",  "Gt",  "Ge",  "And", "Or"};
  return kNames[int(fn)];
}

std::vector<Fact> Binary::facts(std::span<const Fact> inputs, const Assumptions& assumptions) const {
  require_inputs(*this, inputs, 2);
  const DType type = common_type(*this, inputs[0], inputs[1]);
  const bool takes_bool = is_logic(fn) || fn == BinaryFn::kEq || fn == BinaryFn::kNe;
  if (is_logic(fn) && type != DType::kBool) refuse(*this, "operands of type " + std::string(name_of(type)));
  if (!takes_bool && type == DType::kBool) refuse(*this, "operands of type bool");
  const Fact result(compares(fn) ? DType::kBool : type, broadcast(*this, inputs));
  return {with_known_elements(*this, inputs, assumptions, result,
                              [&](std::span<const Dim> x) { return combined(fn, x[0], x[1], assumptions); })};
}

std::vector<Value> Binary::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  Tensor out = evaluation.output();
  const DType type = computing_type(fn, inputs[0], inputs[1], out.dtype());
  const std::array<Value, 2> operands = {converted(inputs[0], type, evaluation),
                                         converted(inputs[1], type, evaluation)};
  require_shape(*this, out.shape(), broadcast(*this, operands));
  const Kernel kernel = is_logic(fn)   ? logic_kernel(fn)
                        : compares(fn) ? comparison_kernel(fn, type)
                                       : arithmetic_kernel(fn, type);
  const BroadcastWalk walk(out.shape(), operands);
  const auto width = std::int64_t(size_of(type)), out_width = std::int64_t(size_of(out.dtype()));
  walk.parallel_runs([&](std::int64_t begin, const BroadcastWalk::Offsets& first, std::int64_t n) {
    const Elements a{operands[0].view().data + first[0] * width, walk.step(0)};
    const Elements b{operands[1].view().data + first[1] * width, walk.step(1)};
    kernel(a, b, n, out.view().data + begin * out_width);
  });
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
