// Attention in float64, written for these tests alone: what a trace's expected outputs are compared
// with.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "datasets/trace.h"

namespace kvproof {

// The row [b,h,n] of a tensor f32 [B,H,N,W].
inline const float* row(const Tensor& tensor, std::int64_t b, std::int64_t h, Position n) {
  const Shape& s = tensor.shape();
  return tensor.as<float>() + ((b * s[1] + h) * s[2] + n) * s[3];
}

// What query n of head h weighs: one weight per position from 0 to n, zero where it does not see.
inline std::vector<double> attention_weights(const Trace& trace, int b, int h, Position n) {
  const Geometry g = trace.geometry();
  std::vector<double> weights(std::size_t(n + 1), 0.0);
  double largest = -INFINITY, sum = 0;
  const Position first = trace.window ? std::max<Position>(0, n + 1 - trace.window) : 0;
  for (Position j = first; j <= n; ++j) {
    double score = 0;
    for (int c = 0; c < g.d; ++c) {
      score += double(row(trace.q, b, h, n)[c]) * double(row(trace.k, b, h / g.group(), j)[c]);
    }
    score *= double(trace.scale);
    if (trace.softcap > 0) score = double(trace.softcap) * std::tanh(score / double(trace.softcap));
    weights[std::size_t(j)] = score;
    largest = std::max(largest, weights[std::size_t(j)]);
  }
  for (Position j = first; j <= n; ++j) {
    sum += weights[std::size_t(j)] = std::exp(weights[std::size_t(j)] - largest);
  }
  for (double& w : weights) w /= sum;
  return weights;
}

// The output of query n of head h, [Dv].
inline std::vector<double> attention_output(const Trace& trace, int b, int h, Position n) {
  const Geometry g = trace.geometry();
  const std::vector<double> weights = attention_weights(trace, b, h, n);
  std::vector<double> out(std::size_t(g.dv), 0.0);
  for (Position j = 0; j <= n; ++j) {
    for (int c = 0; c < g.dv; ++c) {
      out[std::size_t(c)] += weights[std::size_t(j)] * double(row(trace.v, b, h / g.group(), j)[c]);
    }
  }
  return out;
}

}  // namespace kvproof
