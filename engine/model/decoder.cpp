#include "engine/model/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "engine/base/error.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/ops/product.h"
#include "engine/ops/reduce.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

const Dim kB = Dim::symbol("B"), kP = Dim::symbol("P"), kU = Dim::symbol("U");

class DecoderBuilder {
 public:
  DecoderBuilder(const ModelConfig& config, WeightSource& weights, const DecoderOptions& options)
      : config_(config),
        weights_(weights),
        options_(options),
        given_(options.past == DecoderOptions::Past::kGiven),
        tokens_(given_ ? Dim(1) : Dim::symbol("S")),
        factors_(weights.take_rope_factors(config.head_dim)) {
    for (const char* symbol : {"B", given_ ? "U" : "S"}) model_.declare_symbol(symbol);
    if (given_) return;
    model_.declare_symbol("P");
    model_.add_assertion({"", fmt::format("P + S <= {}", config.max_positions)});
  }

  Model build() {
    const Outlet ids = model_.add_input("ids", Fact(DType::kI64, {kB, tokens_}));
    if (given_) add_past();
    const Outlet table = weight("model.embed_tokens.weight", {config_.vocab, config_.hidden});
    Outlet x = add<Cast>("embedding", {add<Gather>("embedding_rows", {table, ids}, 0)}, options_.activation);
    if (config_.embedding_scale != 1) x = times("embedding_scaled", x, config_.embedding_scale);
    for (std::size_t i = 0; i < config_.layers.size(); ++i) x = layer(i, x);
    if (options_.logits == DecoderOptions::Logits::kLast) x = add<Slice>("last", {x}, 1, tokens_ - 1, tokens_);
    x = norm("norm", "model.norm.weight", x, config_.hidden);
    const Outlet head = config_.tied_head ? table : weight("lm_head.weight", {config_.vocab, config_.hidden});
    Outlet logits = add<Linear>("logits", {x, head});
    if (config_.final_softcap > 0) {
      const Outlet inside =
          add<Unary>("logits_tanh", {times("logits_inside", logits, 1 / config_.final_softcap)}, UnaryFn::kTanh);
      logits = times("logits_capped", inside, config_.final_softcap);
    }
    model_.add_output("logits", logits);
    for (const Output& rows : rows_) model_.add_output(rows.name, rows.outlet);
    if (!absent_.empty()) refuse_absent();
    return std::move(model_);
  }

 private:
  // A file that claims thousands of layers and has none is told soon.
  static constexpr std::size_t kShown = 5, kMostAbsent = 500;
  [[noreturn]] void refuse_absent() const {
    const auto shown = std::span(absent_).first(std::min(absent_.size(), kShown));
    const std::string more = absent_.size() > kShown ? fmt::format(" and {} more{}", absent_.size() - kShown,
                                                                   absent_.size() == kMostAbsent ? ", at least" : "")
                                                     : "";
    throw Error(ErrorCode::kNotFound,
                fmt::format("{}: has no tensor '{}'{}", weights_.label(), fmt::join(shown, "', '"), more));
  }

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
    return weights_.has(name) ? model_.add_constant(name, weights_.take(name, shape)) : absent(name, shape);
  }
  // Stands for a tensor that is not there, so that all of them can be told.
  Outlet absent(const std::string& name, const Shape& shape) {
    absent_.push_back(name);
    if (absent_.size() == kMostAbsent) refuse_absent();
    return model_.add_input(name,
                            Fact(options_.activation, std::vector<Dim>(shape.dims().begin(), shape.dims().end())));
  }
  // A vector in the activation's type, as the last of `rank` axes.
  Outlet vector(const std::string& name, std::int64_t width, int rank, float offset = 0) {
    std::vector<std::int64_t> shape(std::size_t(rank), 1);
    shape.back() = width;
    if (!weights_.has(name)) return absent(name, Shape(shape));
    Tensor wide = to_dtype(weights_.take(name, {width}).tensor()->view(), DType::kF32);
    for (std::int64_t i = 0; i < width; ++i) wide.as<float>()[i] += offset;
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
  const RopeTables& rotation(const LayerConfig& layer) {
    for (const auto& [known, made] : rotations_) {
      if (known.rope_theta == layer.rope_theta && known.rope_scaling == layer.rope_scaling) return made;
    }
    const std::vector<double> frequencies =
        rope_frequencies({config_.head_dim, layer.rope_theta, layer.rope_scaling, factors_, options_.rope});
    rotations_.emplace_back(layer,
                            add_rope_tables(model_, positions(), frequencies, options_.rope, options_.activation));
    return rotations_.back().second;
  }

  // The inputs that stand for what the caches know.
  void add_past() {
    position_ = model_.add_input("position", Fact(DType::kI64, {1}));
    for (const LayerConfig& layer : config_.layers) {
      if (masks_.contains(layer.window)) continue;
      const Fact fact(DType::kBool, {1, 1, 1, kU + 1});
      masks_.emplace(layer.window, model_.add_input(fmt::format("keep_{}", layer.window), fact));
    }
    const Fact rows(options_.activation, {kB, config_.kv_heads, kU, config_.head_dim});
    for (std::size_t i = 0; i < config_.layers.size(); ++i) {
      for (const char* part : {"k", "v"}) {
        past_.push_back(model_.add_input(fmt::format("{}_past_{}", part, i), rows));
      }
    }
  }

  // Of the tokens of the turn, in the text.
  Outlet positions() { return given_ ? position_ : range(kP); }
  // From `first` to the last token of the turn.
  Outlet range(const Dim& first) { return add<Range>("positions", {}, first, kP + tokens_, 1, DType::kI64); }

  // bool [1,1,S,P + S]: the last `window` tokens, the query's own included.
  Outlet window_mask(std::int64_t window) {
    const auto known = masks_.find(window);
    if (known != masks_.end()) return known->second;
    Tensor width(DType::kI64, Shape{});
    *width.as<std::int64_t>() = window;
    const std::string name = fmt::format("window_{}", window);
    const Outlet query = add<Unsqueeze>(name + "_queries", {range(kP)}, 1);
    const Outlet key = add<Unsqueeze>(name + "_keys", {range(0)}, 0);
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
    const Outlet split = add<Reshape>(name + "_split", {x}, std::vector<Dim>{kB, tokens_, count, config_.head_dim});
    return add<Transpose>(name + "_heads", {split}, std::vector<int>{0, 2, 1, 3});
  }
  Outlet rotated(const std::string& name, Outlet x, const RopeTables& by) {
    return add<ApplyRope>(name + "_rope", {x, by.cos, by.sin});
  }
  // The rows of "k" or "v" of layer `i`, behind those of the past.
  Outlet with_past(const char* part, std::size_t i, Outlet rows) {
    if (given_) {
      show(part, i, rows);
      return add<Concat>(fmt::format("{}_all_{}", part, i), {past_[2 * i + (*part == 'v' ? 1 : 0)], rows}, 2);
    }
    const std::string name = fmt::format("{}_cache_{}", part, i);
    const auto fact = [&](const Dim& tokens) {
      return Fact(options_.activation, {kB, config_.kv_heads, tokens, config_.head_dim});
    };
    const Outlet all = add<DynKvCache>(name, {rows}, CacheSite{name, 2, fact(kP), fact(tokens_)});
    show(part, i, all);
    return all;
  }
  void show(const char* part, std::size_t i, Outlet rows) {
    if (options_.rows == DecoderOptions::Rows::kOutputs) rows_.push_back({fmt::format("{}_{}", part, i), rows});
  }

  Outlet attention(std::size_t i, const std::string& prefix, Outlet x) {
    const LayerConfig& layer = config_.layers[i];
    const RopeTables by = rotation(layer);
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
    const Outlet keys = with_past("k", i, rotated(of("k"), k, by)), values = with_past("v", i, v);
    std::vector<Outlet> inputs{rotated(of("q"), q, by), keys, values};
    const bool masked = given_ || layer.window > 0;
    if (masked) inputs.push_back(window_mask(layer.window));
    const SdpaOptions options{
        .scale = float(config_.query_scale), .causal = !masked, .softcap = float(config_.attention_softcap)};
    const Outlet out = add<Sdpa>(of("attn"), inputs, options);
    const Outlet back = add<Transpose>(of("attn_back"), {out}, std::vector<int>{0, 2, 1, 3});
    const Outlet flat = add<Reshape>(of("attn_flat"), {back}, std::vector<Dim>{kB, tokens_, q_width});
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
  const bool given_;  // the past comes in as inputs
  const Dim tokens_;  // of a turn
  const std::vector<float> factors_;
  Model model_;
  std::vector<std::pair<LayerConfig, RopeTables>> rotations_;
  std::map<std::int64_t, Outlet> masks_;
  Outlet position_;
  std::vector<Outlet> past_;  // k_0, v_0, k_1, ...
  std::vector<Output> rows_;
  std::vector<std::string> absent_;
};

}  // namespace

Model build_decoder(const ModelConfig& config, WeightSource& weights, const DecoderOptions& options) {
  return DecoderBuilder(config, weights, options).build();
}

}  // namespace kvproof
