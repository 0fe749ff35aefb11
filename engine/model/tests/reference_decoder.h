// A decoder in plain float64 loops over a whole text: no caches, no graph, nothing shared with what it judges but the
// configuration. Written from the published numerics of each family.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/model/config.h"
#include "engine/model/weight_source.h"

namespace kvproof {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

// Random weights of every tensor that a configuration needs, different for each name and each seed.
class RandomWeights final : public WeightSource {
 public:
  explicit RandomWeights(const ModelConfig& c, std::uint64_t seed = 7)
      : WeightSource("random weights", NormGain::kAsTrained), seed_(seed) {
    const std::int64_t q = c.heads * c.head_dim, kv = c.kv_heads * c.head_dim;
    matrix("model.embed_tokens", c.vocab, c.hidden);
    if (!c.tied_head) matrix("lm_head", c.vocab, c.hidden);
    vector("model.norm.weight", c.hidden);
    for (std::size_t i = 0; i < c.layers.size(); ++i) {
      const std::string layer = "model.layers." + std::to_string(i) + ".";
      for (const char* norm : {"input_layernorm", "post_attention_layernorm"})
        vector(layer + norm + ".weight", c.hidden);
      if (c.four_norms) {
        for (const char* norm : {"pre_feedforward_layernorm", "post_feedforward_layernorm"}) {
          vector(layer + norm + ".weight", c.hidden);
        }
      }
      for (const char* norm : {"q_norm", "k_norm"}) {
        if (c.qk_norm) vector(layer + "self_attn." + norm + ".weight", c.head_dim);
      }
      linear(layer + "self_attn.q_proj", q, c.hidden, c.qkv_bias);
      linear(layer + "self_attn.k_proj", kv, c.hidden, c.qkv_bias);
      linear(layer + "self_attn.v_proj", kv, c.hidden, c.qkv_bias);
      linear(layer + "self_attn.o_proj", c.hidden, q, c.output_bias);
      linear(layer + "mlp.gate_proj", c.intermediate, c.hidden, c.mlp_bias);
      linear(layer + "mlp.up_proj", c.intermediate, c.hidden, c.mlp_bias);
      linear(layer + "mlp.down_proj", c.hidden, c.intermediate, c.mlp_bias);
    }
  }

  const std::vector<float>& numbers(const std::string& name) const { return numbers_.at(name); }

 private:
  void fill(const std::string& name, const Shape& shape, double deviation, double mean) {
    add(name, {DType::kF32, shape});
    shapes_.emplace(name, shape);
    Random random(hash_name(name, seed_));
    std::vector<float>& values = numbers_[name];
    for (std::int64_t i = 0; i < shape.elements(); ++i) values.push_back(float(mean + deviation * random.normal()));
  }
  void vector(const std::string& name, std::int64_t n) { fill(name, {n}, 0.3, 0.5); }
  void matrix(const std::string& name, std::int64_t rows, std::int64_t columns) {
    fill(name + ".weight", {rows, columns}, 1 / std::sqrt(double(columns)), 0);
  }
  void linear(const std::string& name, std::int64_t rows, std::int64_t columns, bool has_bias) {
    matrix(name, rows, columns);
    if (has_bias) fill(name + ".bias", {rows}, 0.2, 0.1);
  }
  Constant load(const std::string& name) const override {
    Tensor tensor(DType::kF32, shapes_.at(name));
    std::copy(numbers_.at(name).begin(), numbers_.at(name).end(), tensor.as<float>());
    return tensor;
  }

  const std::uint64_t seed_;
  std::map<std::string, std::vector<float>> numbers_;
  std::map<std::string, Shape> shapes_;
};

class ReferenceDecoder {
 public:
  ReferenceDecoder(const ModelConfig& config, const RandomWeights& weights) : c_(config), w_(weights) {}

  // Logits of every token, [tokens][vocab]; K after RoPE and V of every layer, [layers][tokens][Hkv * D].
  struct Outputs {
    Rows logits;
    std::vector<Rows> keys, values;
  };
  Rows logits(const std::vector<std::int64_t>& ids) const { return outputs(ids).logits; }
  Outputs outputs(const std::vector<std::int64_t>& ids) const {
    Outputs out;
    const std::vector<float>& table = w_.numbers("model.embed_tokens.weight");
    Rows x;
    for (const std::int64_t id : ids) {
      const float* row = table.data() + id * c_.hidden;
      x.emplace_back(row, row + c_.hidden);
      for (double& e : x.back()) e *= c_.embedding_scale;
    }
    for (std::size_t i = 0; i < c_.layers.size(); ++i) x = layer(i, std::move(x), out);
    for (const Row& row : x) {
      const Row normed = norm("model.norm.weight", row);
      Row logits = product(c_.tied_head ? "model.embed_tokens.weight" : "lm_head.weight", normed, c_.vocab);
      for (double& l : logits) l = capped(l, c_.final_softcap);
      out.logits.push_back(std::move(logits));
    }
    return out;
  }

 private:
  static double capped(double x, double cap) { return cap > 0 ? cap * std::tanh(x / cap) : x; }

  Row product(const std::string& name, const Row& x, std::int64_t n) const {
    const std::vector<float>& w = w_.numbers(name);
    Row y(static_cast<std::size_t>(n));
    for (std::size_t j = 0; j < y.size(); ++j) {
      for (std::size_t k = 0; k < x.size(); ++k) y[j] += double(w[j * x.size() + k]) * x[k];
    }
    return y;
  }
  Row linear(const std::string& name, const Row& x, std::int64_t n, bool has_bias) const {
    Row y = product(name + ".weight", x, n);
    for (std::size_t j = 0; has_bias && j < y.size(); ++j) y[j] += double(w_.numbers(name + ".bias")[j]);
    return y;
  }
  Row norm(const std::string& name, const Row& x) const {
    double squares = 0;
    for (const double e : x) squares += e * e;
    const double root = std::sqrt(squares / double(x.size()) + c_.rms_eps);
    Row y(x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      y[i] = x[i] / root * (double(w_.numbers(name)[i]) + (c_.norm_adds_one ? 1 : 0));
    }
    return y;
  }
  static void add(Row& x, const Row& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }

  double frequency(const LayerConfig& layer, std::int64_t j) const {
    const double f = std::pow(layer.rope_theta, -2 * double(j) / double(c_.head_dim));
    const RopeScaling& s = layer.rope_scaling;
    if (s.kind == RopeScaling::Kind::kNone) return f;
    if (s.kind == RopeScaling::Kind::kLinear) return f / s.factor;
    const double length = 2 * std::numbers::pi / f, context = double(s.original_positions);
    if (length < context / s.high_freq_factor) return f;
    if (length > context / s.low_freq_factor) return f / s.factor;
    const double t = (context / length - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
    return (1 - t) * f / s.factor + t * f;
  }
  void rotate(const LayerConfig& layer, double* head, std::int64_t position) const {
    const std::int64_t half = c_.head_dim / 2;
    for (std::int64_t j = 0; j < half; ++j) {
      const double angle = double(position) * frequency(layer, j), a = head[j], b = head[j + half];
      head[j] = a * std::cos(angle) - b * std::sin(angle);
      head[j + half] = b * std::cos(angle) + a * std::sin(angle);
    }
  }
  // Heads of one token: projected, normed, rotated.
  Row heads(std::size_t i, const char* part, const Row& x, std::int64_t count, std::int64_t position) const {
    const std::string self = "model.layers." + std::to_string(i) + ".self_attn." + part;
    Row y = linear(self + "_proj", x, count * c_.head_dim, c_.qkv_bias);
    if (part[0] == 'v') return y;
    for (std::int64_t h = 0; h < count; ++h) {
      const auto head = y.begin() + h * c_.head_dim;
      if (c_.qk_norm) std::ranges::copy(norm(self + "_norm.weight", Row(head, head + c_.head_dim)), head);
      rotate(c_.layers[i], &*head, position);
    }
    return y;
  }

  Row attended(std::size_t i, const Row& q, const Rows& k, const Rows& v, std::int64_t position) const {
    const std::int64_t d = c_.head_dim, window = c_.layers[i].window;
    Row out(q.size());
    for (std::int64_t h = 0; h < c_.heads; ++h) {
      const std::int64_t kv = h / (c_.heads / c_.kv_heads) * d;
      std::map<std::int64_t, double> weights;
      double sum = 0;
      for (std::int64_t t = 0; t <= position; ++t) {
        if (window > 0 && position - t >= window) continue;
        double dot = 0;
        for (std::int64_t e = 0; e < d; ++e) dot += q[std::size_t(h * d + e)] * k[std::size_t(t)][std::size_t(kv + e)];
        sum += weights[t] = std::exp(capped(dot * c_.query_scale, c_.attention_softcap));
      }
      for (const auto& [t, weight] : weights) {
        for (std::int64_t e = 0; e < d; ++e) {
          out[std::size_t(h * d + e)] += weight / sum * v[std::size_t(t)][std::size_t(kv + e)];
        }
      }
    }
    return linear("model.layers." + std::to_string(i) + ".self_attn.o_proj", out, c_.hidden, c_.output_bias);
  }

  double opened(double x) const {
    if (c_.activation == Activation::kSilu) return x / (1 + std::exp(-x));
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  }
  Row mlp(const std::string& prefix, const Row& x) const {
    Row gate = linear(prefix + "gate_proj", x, c_.intermediate, c_.mlp_bias);
    const Row up = linear(prefix + "up_proj", x, c_.intermediate, c_.mlp_bias);
    for (std::size_t j = 0; j < gate.size(); ++j) gate[j] = opened(gate[j]) * up[j];
    return linear(prefix + "down_proj", gate, c_.hidden, c_.mlp_bias);
  }

  Rows layer(std::size_t i, Rows x, Outputs& out) const {
    const std::string prefix = "model.layers." + std::to_string(i) + ".";
    Rows q, k, v;
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Row in = norm(prefix + "input_layernorm.weight", x[t]);
      q.push_back(heads(i, "q", in, c_.heads, std::int64_t(t)));
      k.push_back(heads(i, "k", in, c_.kv_heads, std::int64_t(t)));
      v.push_back(heads(i, "v", in, c_.kv_heads, std::int64_t(t)));
    }
    for (std::size_t t = 0; t < x.size(); ++t) {
      Row y = attended(i, q[t], k, v, std::int64_t(t));
      if (c_.four_norms) y = norm(prefix + "post_attention_layernorm.weight", y);
      add(x[t], y);
      const char* before = c_.four_norms ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight";
      Row fed = mlp(prefix + "mlp.", norm(prefix + before, x[t]));
      if (c_.four_norms) fed = norm(prefix + "post_feedforward_layernorm.weight", fed);
      add(x[t], fed);
    }
    out.keys.push_back(std::move(k));
    out.values.push_back(std::move(v));
    return x;
  }

  const ModelConfig& c_;
  const RandomWeights& w_;
};

}  // namespace kvproof
