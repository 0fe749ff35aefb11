// Tensors for the tests of attention and caches, and what attention ought to give.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/tests/expect_error.h"
#include "engine/graph/session.h"
#include "engine/ops/floating.h"

namespace kvproof {

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kLowest = std::numeric_limits<float>::lowest();

inline Value floats(const Shape& shape, const std::vector<float>& values) {
  Tensor tensor(DType::kF32, shape);
  std::copy(values.begin(), values.end(), tensor.as<float>());
  return tensor;
}

inline Value bools(const Shape& shape, const std::vector<bool>& values) {
  Tensor tensor(DType::kBool, shape);
  std::copy(values.begin(), values.end(), tensor.as<bool>());
  return tensor;
}

inline Value zeros(const Shape& shape) { return floats(shape, std::vector<float>(std::size_t(shape.elements()))); }

inline Value cast(const Value& value, DType dtype) {
  Tensor tensor(dtype, value.shape());
  narrow(dtype, value.as<float>(), value.shape().elements(), tensor.view().data);
  return tensor;
}

// Uniform in [-1, 1).
inline Value random_value(const Shape& shape, std::uint64_t seed, DType dtype = DType::kF32) {
  Random random(seed);
  std::vector<float> values(std::size_t(shape.elements()));
  for (float& x : values) x = float(2 * random.uniform() - 1);
  return cast(floats(shape, values), dtype);
}

inline std::vector<float> elements(const Value& value) {
  std::vector<float> result(std::size_t(value.shape().elements()));
  widen(value, result.data());
  return result;
}

inline std::vector<std::byte> bytes_of(const Value& value) {
  return {value.view().data, value.view().data + value.view().size_bytes()};
}

// Tokens [begin, end) along `axis`.
inline Value part(const Value& value, int axis, std::int64_t begin, std::int64_t end) {
  const Shape& shape = value.shape();
  std::int64_t outer = 1, inner = std::int64_t(size_of(value.dtype()));
  std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[std::size_t(axis)] = end - begin;
  for (int i = 0; i < axis; ++i) outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  Tensor result(value.dtype(), Shape(dims));
  for (std::int64_t i = 0; i < outer && end > begin; ++i) {
    std::memcpy(result.view().data + i * (end - begin) * inner, value.view().data + (i * shape[axis] + begin) * inner,
                std::size_t((end - begin) * inner));
  }
  return result;
}

// The same elements with two axes exchanged.
inline Value exchanged(const Value& value, int a, int b) {
  const Shape& shape = value.shape();
  std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end());
  std::swap(dims[std::size_t(a)], dims[std::size_t(b)]);
  std::vector<std::int64_t> strides(dims.size(), 1);
  for (std::size_t i = dims.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * shape[int(i) + 1];
  std::swap(strides[std::size_t(a)], strides[std::size_t(b)]);
  Tensor result(value.dtype(), Shape(dims));
  const std::size_t size = size_of(value.dtype());
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    std::int64_t rest = i, from = 0;
    for (std::size_t axis = dims.size(); axis-- > 0; rest /= dims[axis]) from += rest % dims[axis] * strides[axis];
    std::memcpy(result.view().data + std::size_t(i) * size, value.view().data + std::size_t(from) * size, size);
  }
  return result;
}

// What is added to the scaled score of query i and key j of a batch row and query head; -inf hides.
using Bias = std::function<float(std::int64_t b, std::int64_t h, std::int64_t i, std::int64_t j)>;

// Attention in double. q [B,Hq,S,D], k [B,Hkv,T,D], v [B,Hkv,T,Dv], all f32; softcap 0: none.
inline std::vector<float> expected_attention(const Value& q, const Value& k, const Value& v, const Bias& bias,
                                             double scale, double softcap = 0) {
  const std::int64_t heads = q.shape()[1], queries = q.shape()[2], keys = k.shape()[2], d = q.shape()[3],
                     dv = v.shape()[3], group = heads / std::max<std::int64_t>(1, k.shape()[1]);
  std::vector<float> out;
  std::vector<double> weights(static_cast<std::size_t>(keys)), row(static_cast<std::size_t>(dv));
  for (std::int64_t n = 0; n < q.shape()[0] * heads * queries; ++n) {
    const std::int64_t i = n % queries, h = n / queries % heads, b = n / queries / heads;
    const std::int64_t first = (b * k.shape()[1] + h / group) * keys;
    double top = -INFINITY, sum = 0;
    for (std::int64_t j = 0; j < keys; ++j) {
      double score = 0;
      for (std::int64_t c = 0; c < d; ++c) {
        score += double(q.as<float>()[n * d + c]) * double(k.as<float>()[(first + j) * d + c]);
      }
      score *= scale;
      if (softcap > 0) score = softcap * std::tanh(score / softcap);
      weights[std::size_t(j)] = score + double(bias(b, h, i, j));
      top = std::max(top, weights[std::size_t(j)]);
    }
    std::fill(row.begin(), row.end(), 0);
    for (std::int64_t j = 0; j < keys && top > -INFINITY; ++j) {
      const double weight = std::exp(weights[std::size_t(j)] - top);
      sum += weight;
      for (std::int64_t c = 0; c < dv; ++c) row[std::size_t(c)] += weight * double(v.as<float>()[(first + j) * dv + c]);
    }
    for (const double x : row) out.push_back(top > -INFINITY ? float(x / sum) : 0.f);
  }
  return out;
}

// Elements of magnitude up to 1: a score of D products errs by (D + 2) sqrt(D) units of 2^-24, which a weight feels
// twice (its own and the sum's), and a sum of T weighted rows by T of them.
inline float attention_tolerance(std::int64_t d, std::int64_t keys) {
  return float((2 * double(d + 2) * std::sqrt(double(d)) + 2 * double(keys) + 8) * std::exp2(-24));
}

inline void expect_near(const Value& actual, const std::vector<float>& expected, float tolerance) {
  const std::vector<float> values = elements(actual);
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance) << "element " << i;
}

inline Session session_of(const Model& model, const PlanOptions& options = {}) {
  return Session(std::make_shared<const Plan>(model, options));
}

}  // namespace kvproof
