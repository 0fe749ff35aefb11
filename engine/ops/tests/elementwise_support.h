// Plain f64 loops and tolerances, for tests of operators that compute elements.
#pragma once

#include <tbb/task_arena.h>

#include <bit>
#include <cmath>
#include <limits>

#include "engine/graph/workspace.h"
#include "engine/ops/tests/layout_support.h"

namespace kvproof {

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline const double kNaN = std::numeric_limits<double>::quiet_NaN();

// The distance of a number from the next larger one, as a share of it.
inline double epsilon_of(DType type) {
  return type == DType::kF64 ? 0x1p-52 : type == DType::kF32 ? 0x1p-23 : type == DType::kF16 ? 0x1p-10 : 0x1p-7;
}
// The smallest normal number.
inline double tiny_of(DType type) { return type == DType::kF64 ? 0x1p-1022 : type == DType::kF16 ? 0x1p-14 : 0x1p-126; }

// Numbers of a type, rounded to it.
inline Value numbers(DType type, const Shape& shape, const std::vector<double>& elements) {
  Tensor tensor(type, shape);
  KVPROOF_CHECK(std::int64_t(elements.size()) == shape.elements());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    std::byte* to = tensor.view().data + i * size_of(type);
    const float number = float(elements[i]);
    if (is_float(type)) {
      from_f32(type, &number, 1, to);
    } else {
      visit_native(type, [&](auto t) {
        using T = typename decltype(t)::type;
        tensor.as<T>()[i] = T(elements[i]);
      });
    }
  }
  return tensor;
}
inline Value scalar(DType type, double element) { return numbers(type, {}, {element}); }

inline std::vector<double> numbers_of(const Value& value) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < value.shape().elements(); ++i) all.push_back(number_at(value, i));
  return all;
}

inline bool equal_or_nan(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// Where an element at `at` of a result comes from in an operand that was aligned on the left.
inline Coordinates left_aligned(const Shape& operand, Coordinates at) {
  at.resize(std::size_t(operand.rank()));
  for (int axis = 0; axis < operand.rank(); ++axis) {
    if (operand[axis] == 1) at[std::size_t(axis)] = 0;
  }
  return at;
}

// An operand for a result: a prefix of its axes, some of them 1.
inline Shape stretched(const Shape& result, Random& random) {
  Coordinates dims(result.dims().begin(), result.dims().end());
  dims.resize(std::size_t(random.integer(0, result.rank())));
  for (std::int64_t& dim : dims) dim = random.integer(0, 2) == 0 ? 1 : dim;
  return Shape(dims);
}

// What one and two threads give, which must be the same bytes.
inline void expect_same_bits_for_any_threads(const Op& op, const std::vector<Value>& inputs) {
  std::vector<Value> results;
  for (const int threads : {1, 2}) {
    tbb::task_arena arena(threads);
    arena.execute([&] { results.push_back(run(op, inputs)); });
  }
  EXPECT_TRUE(same_bytes(results[0], results[1])) << op.name();
}

}  // namespace kvproof
