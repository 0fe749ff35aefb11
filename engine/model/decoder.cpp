#include "engine/model/decoder.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/ops/product.h"
#include "engine/ops/reduce.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

const Dim kB = Dim::symbol("B"), kS = Dim::symbol("S"), kP = Dim::symbol("P");

// Cosines and sines of a turn's positions, [1,1,S,D].
struct Rotation {
  Outlet cos, sin;
};

class DecoderBuilder {
 public:
  DecoderBuilder(const ModelConfig& config, WeightSource& weights, const DecoderOptions& options)
      : config_(config), weights_(weights), options_(options), factors_(weights.take_rope_factors(config.head_dim)) {
    for (const char* symbol : {"B", "S", "P"}) model_.declare_symbol(symbol);
    model_.add_assertion({"", fmt::format("P + S <= {}", config.max_positions)});
  }

  Model build() {
    const Outlet ids = model_.add_input("ids", Fact(DType::kI64, {kB, kS}));
    const Outlet table = weight("model.embed_tokens.weight", {config_.vocab, config_.hidden});
    Outlet x = add<Cast>("embedding", {add<Gather>("embedding_rows", {table, ids}, 0)}, options_.activation);
    if (config_.embedding_scale != 1) x = times("embedding_scaled", x, config_.embedding_scale);
    for (std::size_t i = 0; i < config_.layers.size(); ++i) x = layer(i, x);
    if (options_.logits == DecoderOptions::Logits::kLast) x = add<Slice>("last", {x}, 1, kS - 1, kS);
    x = norm("norm", "model.norm.weight", x, config_.hidden);
    const Outlet head = config_.tied_head ? table : weight("lm_head.weight", {config_.vocab, config_.hidden});
    Outlet logits = add<Linear>("logits", {x, head});
    if (config_.final_softcap > 0) {
      const Outlet inside =
          add<Unary>("logits_tanh", {times("logits_inside", logits, 1 / config_.final_softcap)}, UnaryFn::kTanh);
      logits = times("logits_capped", inside, config_.final_softcap);
    }
    model_.add_output("logits", logits);
    return std::move(model_);
  }

 private:
  template <class T, class... Args>
  Outlet add(const std::string& name, std::vector<Outlet> inputs, Args&&... args) {
    return model_.add_node(model_.free_name(name), std::make_shared<T>(std::forward<Args>(args)...), inputs).front();
  }
  Outlet plus(const std::string& name, Outlet a, Outlet b) { return add<Binary>(name, {a, b}, BinaryFn::kAdd); }
  Outlet times(const std::string& name, Outlet x, double factor) {
    Tensor scalar(DType::kF32, Shape{});
    *scalar.as<float>() = float(factor);
    return add<Binary>(name, {x, model_.add_constant(model_.free_name(name + "_by"), std::move(scalar))},
                       BinaryFn::kMul);
  }

  Outlet weight(const std::string& name, const Shape& shape) {
    return model_.add_constant(name, weights_.take(name, shape));
  }
  // A vector in the activation's type, as the last of `rank` axes.
  Outlet vector(const std::string& name, std::int64_t width, int rank, float offset = 0) {
    Tensor wide = to_dtype(weights_.take(name, {width}).tensor()->view(), DType::kF32);
    for (std::int64_t i = 0; i < width; ++i) wide.as<float>()[i] += offset;
    std::vector<std::int64_t> shape(std::size_t(rank), 1);
    shape.back() = width;
    Tensor shaped(DType::kF32, Shape(shape), wide.release());
    return model_.add_constant(name, to_dtype(shaped, options_.activation));
  }

  Outlet norm(const std::string& name, const std::string& gain, Outlet x, std::int64_t width) {
    const bool adds_one = config_.norm_adds_one && weights_.norm_gain() == NormGain::kAsTrained;
    const int rank = model_.fact(x).rank();
    const Outlet unit = add<RmsNorm>(name + "_unit", {x}, rank - 1, float(config_.rms_eps));
    return add<Binary>(name, {unit, vector(gain, width, rank, adds_one ? 1.f : 0.f)}, BinaryFn::kMul);
  }

  // `prefix` is the module's name in the checkpoint.
  Outlet project(const std::string& name, const std::string& prefix, Outlet x, const Shape& shape, bool has_bias) {
    const Outlet y = add<Linear>(name, {x, weight(prefix + ".weight", shape)});
    return has_bias ? plus(name + "_biased", y, vector(prefix + ".bias", shape[0], 3)) : y;
  }

  // Shared by all layers with the same frequencies.
  const Rotation& rotation(const LayerConfig& layer) {
    for (const auto& [known, made] : rotations_) {
      if (known.rope_theta == layer.rope_theta && known.rope_scaling == layer.rope_scaling) return made;
    }
    const std::vector<double> frequencies =
        rope_frequencies({config_.head_dim, layer.rope_theta, layer.rope_scaling, factors_, options_.rope});
    const bool exact = options_.rope == RopePrecision::kExact;
    const Shape shape{1, std::int64_t(frequencies.size())};
    Tensor f(exact ? DType::kF64 : DType::kF32, shape);
    for (std::size_t j = 0; j < frequencies.size(); ++j) {
      if (exact) {
        f.as<double>()[j] = frequencies[j];
      } else {
        f.as<float>()[j] = float(frequencies[j]);
      }
    }
    const Outlet at =
        add<Unsqueeze>("rope_positions", {add<Cast>("positions_as_numbers", {positions(kP)}, f.dtype())}, 1);
    const Outlet frequency = model_.add_constant(model_.free_name("rope_frequencies"), std::move(f));
    const Outlet angles = add<Binary>("rope_angles", {at, frequency}, BinaryFn::kMul);
    const Outlet both = add<Concat>("rope_angles", {angles, angles}, 1);
    const auto rows = [&](const char* name, UnaryFn fn) {
      const Outlet rounded = add<Cast>(name, {add<Unary>(name, {both}, fn)}, options_.activation);
      return add<Unsqueeze>(name, {add<Unsqueeze>(name, {rounded}, 0)}, 0);
    };
    rotations_.emplace_back(layer, Rotation{rows("rope_cos", UnaryFn::kCos), rows("rope_sin", UnaryFn::kSin)});
    return rotations_.back().second;
  }

  // From `first` to the last token of the turn.
  Outlet positions(const Dim& first) { return add<Range>("positions", {}, first, kP + kS, 1, DType::kI64); }

  // bool [1,1,S,P + S]: the last `window` tokens, the query's own included.
  Outlet window_mask(std::int64_t window) {
    const auto known = masks_.find(window);
    if (known != masks_.end()) return known->second;
    Tensor width(DType::kI64, Shape{});
    *width.as<std::int64_t>() = window;
    const std::string name = fmt::format("window_{}", window);
    const Outlet query = add<Unsqueeze>(name + "_queries", {positions(kP)}, 1);
    const Outlet key = add<Unsqueeze>(name + "_keys", {positions(0)}, 0);
    const Outlet start =
        add<Binary>(name + "_start", {query, model_.add_constant(name + "_width", std::move(width))}, BinaryFn::kSub);
    const Outlet seen = add<Binary>(name,
                                    {add<Binary>(name + "_past", {key, query}, BinaryFn::kLe),
                                     add<Binary>(name + "_inside", {key, start}, BinaryFn::kGt)},
                                    BinaryFn::kAnd);
    const Outlet mask = add<Unsqueeze>(name + "_mask", {add<Unsqueeze>(name + "_mask", {seen}, 0)}, 0);
    return masks_.emplace(window, mask).first->second;
  }

  // [B,S,H*D] -> [B,H,S,D]
  Outlet heads(const std::string& name, Outlet x, std::int64_t count) {
    const Outlet split = add<Reshape>(name + "_split", {x}, std::vector<Dim>{kB, kS, count, config_.head_dim});
    return add<Transpose>(name + "_heads", {split}, std::vector<int>{0, 2, 1, 3});
  }
  Outlet rotated(const std::string& name, Outlet x, const Rotation& by) {
    return add<ApplyRope>(name + "_rope", {x, by.cos, by.sin});
  }
  Outlet cached(const std::string& name, Outlet rows) {
    const auto fact = [&](const Dim& tokens) {
      return Fact(options_.activation, {kB, config_.kv_heads, tokens, config_.head_dim});
    };
    return add<DynKvCache>(name, {rows}, CacheSite{name, 2, fact(kP), fact(kS)});
  }

  Outlet attention(std::size_t i, const std::string& prefix, Outlet x) {
    const LayerConfig& layer = config_.layers[i];
    const Rotation by = rotation(layer);
    const std::int64_t q_width = config_.heads * config_.head_dim, kv_width = config_.kv_heads * config_.head_dim;
    const auto of = [&](const char* part) { return fmt::format("{}_{}", part, i); };
    const auto projected = [&](const char* part, std::int64_t width, std::int64_t count) {
      const Outlet y =
          project(of(part), fmt::format("{}.{}_proj", prefix, part), x, {width, config_.hidden}, config_.qkv_bias);
      return heads(of(part), y, count);
    };
    Outlet q = projected("q", q_width, config_.heads), k = projected("k", kv_width, config_.kv_heads);
    const Outlet v = projected("v", kv_width, config_.kv_heads);
    if (config_.qk_norm) {
      q = norm(of("q_norm"), prefix + ".q_norm.weight", q, config_.head_dim);
      k = norm(of("k_norm"), prefix + ".k_norm.weight", k, config_.head_dim);
    }
    const Outlet keys = cached(fmt::format("k_cache_{}", i), rotated(of("k"), k, by));
    const Outlet values = cached(fmt::format("v_cache_{}", i), v);
    std::vector<Outlet> inputs{rotated(of("q"), q, by), keys, values};
    if (layer.window > 0) inputs.push_back(window_mask(layer.window));
    const SdpaOptions options{
        .scale = float(config_.query_scale), .causal = layer.window == 0, .softcap = float(config_.attention_softcap)};
    const Outlet out = add<Sdpa>(of("attn"), inputs, options);
    const Outlet back = add<Transpose>(of("attn_back"), {out}, std::vector<int>{0, 2, 1, 3});
    const Outlet flat = add<Reshape>(of("attn_flat"), {back}, std::vector<Dim>{kB, kS, q_width});
    return project(of("o"), prefix + ".o_proj", flat, {config_.hidden, q_width}, config_.output_bias);
  }

  Outlet mlp(std::size_t i, const std::string& prefix, Outlet x) {
    const Shape in{config_.intermediate, config_.hidden}, out{config_.hidden, config_.intermediate};
    const auto of = [&](const char* part) { return fmt::format("{}_{}", part, i); };
    const Outlet gate = project(of("gate"), prefix + ".gate_proj", x, in, config_.mlp_bias);
    const Outlet up = project(of("up"), prefix + ".up_proj", x, in, config_.mlp_bias);
    const UnaryFn fn = config_.activation == Activation::kSilu ? UnaryFn::kSilu : UnaryFn::kGeluApprox;
    const Outlet open = add<Binary>(of("mlp"), {add<Unary>(of("gate_open"), {gate}, fn), up}, BinaryFn::kMul);
    return project(of("down"), prefix + ".down_proj", open, out, config_.mlp_bias);
  }

  Outlet layer(std::size_t i, Outlet x) {
    const std::string prefix = fmt::format("model.layers.{}.", i);
    const auto normed = [&](const char* which, Outlet y) {
      return norm(fmt::format("{}_{}", which, i), prefix + which + ".weight", y, config_.hidden);
    };
    Outlet attended = attention(i, prefix + "self_attn", normed("input_layernorm", x));
    if (config_.four_norms) attended = normed("post_attention_layernorm", attended);
    x = plus(fmt::format("attended_{}", i), x, attended);
    const char* before = config_.four_norms ? "pre_feedforward_layernorm" : "post_attention_layernorm";
    Outlet fed = mlp(i, prefix + "mlp", normed(before, x));
    if (config_.four_norms) fed = normed("post_feedforward_layernorm", fed);
    return plus(fmt::format("layer_{}", i), x, fed);
  }

  const ModelConfig& config_;
  WeightSource& weights_;
  const DecoderOptions options_;
  const std::vector<float> factors_;
  Model model_;
  std::vector<std::pair<LayerConfig, Rotation>> rotations_;
  std::map<std::int64_t, Outlet> masks_;
};

}  // namespace

Model build_decoder(const ModelConfig& config, WeightSource& weights, const DecoderOptions& options) {
  return DecoderBuilder(config, weights, options).build();
}

}  // namespace kvproof
