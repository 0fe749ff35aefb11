#include "engine/model/config.h"

#include <fmt/format.h>

#include <limits>

#include "engine/base/check.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

// Beyond any model, and far from any overflow of a product of two.
constexpr std::int64_t kMaxWidth = std::int64_t(1) << 22;
constexpr std::int64_t kMaxHeads = std::int64_t(1) << 14;
constexpr std::int64_t kMaxCount = std::int64_t(1) << 30;  // of tokens: in the vocabulary, in a context

class Checker {
 public:
  explicit Checker(const std::string& label) : label_(label) {}

  void size(const char* field, std::int64_t value, std::int64_t most) const {
    if (value < 1 || value > most) fail(fmt::format("{} is {}; expected 1 to {}", field, value, most));
  }
  // As an f32, too, in which it will be used.
  void positive(const char* field, double value) const {
    using Limits = std::numeric_limits<float>;
    if (value >= Limits::min() && value <= Limits::max()) return;
    fail(fmt::format("{} is {}; expected a positive number that f32 can hold", field, value));
  }
  void cap(const char* field, double value) const {
    if (value != 0) positive(field, value);
  }
  void token(const char* field, std::int64_t id, std::int64_t vocab) const {
    if (id < 0 || id >= vocab) fail(fmt::format("{} is {}; expected an id below {}", field, id, vocab));
  }
  [[noreturn]] void fail(const std::string& what) const { throw Error(ErrorCode::kMalformed, label_ + ": " + what); }

 private:
  const std::string& label_;
};

void check_rope(const Checker& check, const LayerConfig& layer) {
  check.positive("rope theta", layer.rope_theta);
  const RopeScaling& scaling = layer.rope_scaling;
  if (scaling.kind == RopeScaling::Kind::kNone) return;
  check.positive("rope factor", scaling.factor);
  if (scaling.kind != RopeScaling::Kind::kLlama3) return;
  check.positive("rope low_freq_factor", scaling.low_freq_factor);
  check.positive("rope high_freq_factor", scaling.high_freq_factor);
  check.size("rope original_max_position_embeddings", scaling.original_positions, kMaxCount);
  if (scaling.high_freq_factor <= scaling.low_freq_factor) {
    check.fail(fmt::format("rope high_freq_factor {} is not above low_freq_factor {}", scaling.high_freq_factor,
                           scaling.low_freq_factor));
  }
}

}  // namespace

std::string_view name_of(Family family) {
  switch (family) {
    case Family::kGemma:
      return "gemma";
    case Family::kGemma2:
      return "gemma2";
    case Family::kGemma3:
      return "gemma3";
    case Family::kLlama:
      return "llama";
    case Family::kMistral:
      return "mistral";
    case Family::kQwen2:
      return "qwen2";
    case Family::kQwen3:
      return "qwen3";
  }
  check_failed("family is one of the enum", __FILE__, __LINE__);
}

ModelConfig config_of(Family family) {
  const bool gemma = family == Family::kGemma || family == Family::kGemma2 || family == Family::kGemma3;
  ModelConfig config;
  config.family = family;
  config.activation = gemma ? Activation::kGeluTanh : Activation::kSilu;
  config.norm_adds_one = gemma;
  config.tied_head = gemma;
  config.four_norms = family == Family::kGemma2 || family == Family::kGemma3;
  config.qk_norm = family == Family::kGemma3 || family == Family::kQwen3;
  config.qkv_bias = family == Family::kQwen2;
  return config;
}

bool is_local_by_pattern(std::int64_t layer, std::int64_t pattern) { return (layer + 1) % pattern != 0; }

void check_config(const ModelConfig& config, const std::string& label) {
  const Checker check(label);
  check.size("the vocabulary", config.vocab, kMaxCount);
  check.size("the hidden size", config.hidden, kMaxWidth);
  check.size("the intermediate size", config.intermediate, kMaxWidth);
  check.size("the number of heads", config.heads, kMaxHeads);
  check.size("the number of key/value heads", config.kv_heads, kMaxHeads);
  check.size("the head width", config.head_dim, kMaxWidth);
  check.size("the number of positions", config.max_positions, kMaxCount);
  check.size("the number of layers", std::int64_t(config.layers.size()), kMaxLayers);
  if (config.further_layers != 0) check.size("the number of layers for MTP", config.further_layers, kMaxLayers);
  if (config.heads % config.kv_heads) {
    check.fail(fmt::format("{} heads cannot share {} key/value heads evenly", config.heads, config.kv_heads));
  }
  if (config.head_dim % 2) {
    check.fail(fmt::format("the head width is {}; RoPE rotates pairs and needs it even", config.head_dim));
  }
  check.positive("the epsilon of the norms", config.rms_eps);
  check.positive("the embedding scale", config.embedding_scale);
  check.positive("the query scale", config.query_scale);
  check.cap("the attention softcap", config.attention_softcap);
  check.cap("the final softcap", config.final_softcap);
  for (const LayerConfig& layer : config.layers) {
    if (layer.window != 0) check.size("the window", layer.window, kMaxCount);
    check_rope(check, layer);
  }
  if (config.bos) check.token("bos_token_id", *config.bos, config.vocab);
  for (const std::int64_t id : config.eos) check.token("eos_token_id", id, config.vocab);
}

}  // namespace kvproof
