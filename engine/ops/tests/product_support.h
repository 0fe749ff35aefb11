// Products by plain loops in f64, and how far a product may be from them.
#pragma once

#include <cmath>

#include "engine/ops/product.h"
#include "engine/ops/tests/layout_support.h"

namespace kvproof {

// Normal numbers, rounded to a floating type; small integers otherwise.
inline Value random_factor(DType dtype, const Shape& shape, Random& random) {
  if (!is_float(dtype) && dtype != DType::kF64) return random_value(dtype, shape, random);
  Tensor tensor(dtype, shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    const double number = random.normal();
    const float single = float(number);
    if (dtype == DType::kF64) {
      tensor.as<double>()[i] = number;
    } else {
      from_f32(dtype, &single, 1, tensor.view().data + std::size_t(i) * size_of(dtype));
    }
  }
  return tensor;
}

// A sum of `terms` products whose magnitudes add up to `magnitude`: one rounding for each product and each sum in the
// type of sums, then one to the type of the result.
inline double product_bound(DType dtype, std::int64_t terms, double magnitude, double result) {
  const double sum_eps = dtype == DType::kF64 ? 0x1p-53 : 0x1p-24;
  if (is_integer(dtype)) return 0;
  const double out_eps = dtype == DType::kF16 ? 0x1p-11 : dtype == DType::kBF16 ? 0x1p-8 : 0;
  const double sum = 2 * double(terms + 1) * sum_eps * magnitude;
  return sum + out_eps * (std::abs(result) + sum);
}

// Expects out = a einsum b by plain loops over every letter. `b` may be null.
inline void expect_einsum(const std::string& expr, const Value& a, const Value* b, const Value& out) {
  const std::size_t arrow = expr.find("->"), comma = std::min(expr.find(','), arrow);
  const std::string left = expr.substr(0, comma), result = expr.substr(arrow + 2);
  const std::string right = comma < arrow ? expr.substr(comma + 1, arrow - comma - 1) : "";
  std::string letters = result;
  for (const char c : left + right) letters += letters.find(c) == std::string::npos ? std::string(1, c) : "";
  Coordinates sizes;
  for (const char c : letters) {
    std::int64_t size = 1;
    const std::size_t in_left = left.find(c), in_right = right.find(c);
    if (in_left != std::string::npos) size = a.shape()[int(in_left)];
    if (in_right != std::string::npos && size == 1) size = b->shape()[int(in_right)];
    sizes.push_back(size);
  }
  const auto place = [&](const std::string& axes, const Shape& shape, const Coordinates& at) {
    Coordinates own;
    for (std::size_t i = 0; i < axes.size(); ++i) own.push_back(shape[int(i)] == 1 ? 0 : at[letters.find(axes[i])]);
    return offset_of(shape, own);
  };
  std::vector<double> sums(std::size_t(out.shape().elements())), magnitudes(sums.size());
  std::int64_t terms = 0;
  for_each_index(Shape(sizes), [&](const Coordinates& at) {
    const double x = number_at(a, place(left, a.shape(), at));
    const double y = b == nullptr ? 1 : number_at(*b, place(right, b->shape(), at));
    const std::size_t to = std::size_t(place(result, out.shape(), at));
    sums[to] += x * y;
    magnitudes[to] += std::abs(x * y);
    ++terms;
  });
  terms = sums.empty() ? 0 : terms / std::int64_t(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    ASSERT_NEAR(number_at(out, std::int64_t(i)), sums[i], product_bound(out.dtype(), terms, magnitudes[i], sums[i]))
        << expr << " " << a.shape().str() << " element " << i << " of " << out.shape().str();
  }
}

}  // namespace kvproof
