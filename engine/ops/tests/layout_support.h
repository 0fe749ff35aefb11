// Random tensors, single evaluations and plain loops, for tests of operators that move or multiply elements.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/tests/expect_error.h"
#include "engine/graph/op.h"
#include "engine/ops/element.h"
#include "engine/tensor/half.h"

namespace kvproof {

using Coordinates = std::vector<std::int64_t>;

// Small numbers: multiples of 1/8 below 2 for floats (exact in 16 bits), -3 .. 3 for integers (0 .. 3 without a sign).
inline Value random_value(DType dtype, const Shape& shape, Random& random) {
  Tensor tensor(dtype, shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    const float number = float(random.integer(-15, 15)) / 8;
    std::byte* to = tensor.view().data + std::size_t(i) * size_of(dtype);
    if (is_float(dtype)) {
      from_f32(dtype, &number, 1, to);
    } else {
      visit_native(dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        tensor.as<T>()[i] = std::is_same_v<T, double> ? T(number) : T(random.integer(std::is_signed_v<T> ? -3 : 0, 3));
      });
    }
  }
  return tensor;
}

inline Value integers(DType dtype, const Shape& shape, const std::vector<std::int64_t>& elements) {
  Tensor tensor(dtype, shape);
  KVPROOF_CHECK(std::int64_t(elements.size()) == shape.elements());
  visit_integer(dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    std::copy(elements.begin(), elements.end(), tensor.as<T>());
  });
  return tensor;
}

inline Shape random_shape(Random& random, int low_rank, int high_rank, std::int64_t low = 0, std::int64_t high = 5) {
  Coordinates dims(std::size_t(random.integer(low_rank, high_rank)));
  for (std::int64_t& d : dims) d = random.integer(low, high);
  return Shape(dims);
}

inline void for_each_index(const Shape& shape, const std::function<void(const Coordinates&)>& body) {
  Coordinates at(std::size_t(shape.rank()), 0);
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    std::int64_t rest = i;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      at[std::size_t(axis)] = rest % shape[axis];
      rest /= shape[axis];
    }
    body(at);
  }
}

inline std::int64_t offset_of(const Shape& shape, const Coordinates& at) {
  std::int64_t offset = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) offset = offset * shape[axis] + at[std::size_t(axis)];
  return offset;
}

// The bytes of one element.
inline std::string element_at(const Value& value, const Coordinates& at) {
  const std::size_t size = size_of(value.dtype());
  const std::byte* first = value.view().data + std::size_t(offset_of(value.shape(), at)) * size;
  return {reinterpret_cast<const char*>(first), size};
}

inline double number_at(const Value& value, std::int64_t i) {
  if (is_float(value.dtype())) {
    float number = 0;
    to_f32(value.dtype(), value.view().data + std::size_t(i) * size_of(value.dtype()), 1, &number);
    return double(number);
  }
  return visit_native(value.dtype(), [&](auto type) { return double(value.as<typename decltype(type)::type>()[i]); });
}

inline bool same_bytes(const Value& a, const Value& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::equal(a.view().data, a.view().data + a.view().size_bytes(), b.view().data);
}

inline Value run(const Op& op, std::vector<Value> inputs, const Bindings& symbols = {}) {
  return evaluate(op, inputs, symbols).at(0);
}

inline Fact fact_of(const Op& op, const std::vector<Fact>& inputs, const Assumptions& assumptions = {}) {
  return op.facts(inputs, assumptions).at(0);
}

// The elements that are known, "[1,P + S]", or "unknown".
inline std::string known(const Fact& fact) {
  if (!fact.dims) return "unknown";
  std::string text = "[";
  for (const Dim& d : *fact.dims) text += (text.size() > 1 ? "," : "") + d.str();
  return text + "]";
}

// Expects Error(kMismatch) with all of `parts` in its message.
inline void expect_mismatch(const std::function<void()>& body, const std::vector<std::string>& parts) {
  const std::string what = error_of(ErrorCode::kMismatch, body);
  for (const std::string& part : parts) EXPECT_NE(what.find(part), std::string::npos) << part << " in: " << what;
}

}  // namespace kvproof
