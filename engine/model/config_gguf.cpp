#include "engine/model/config_gguf.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include "engine/base/error.h"
#include "engine/model/gguf_arch.h"

namespace kvproof {
namespace {

// Keys of the architecture that no family here has; 0 and false say that the model does without.
constexpr std::array kRestricted = std::to_array<const char*>({
    "expert_count",
    "expert_used_count",
    "expert_shared_count",
    "attention.clamp_kqv",
    "attention.key_length_mla",
    "attention.key_length_swa",
    "attention.kv_lora_rank",
    "attention.max_alibi_bias",
    "attention.q_lora_rank",
    "attention.shared_kv_layers",
    "attention.temperature_length",
    "attention.temperature_scale",
    "attention.value_length_swa",
    "embedding_length_per_layer_input",
    "interleave_moe_layer_step",
    "rope.scale_linear",
    "use_parallel_residual",
});

// A factor of 1 changes nothing, and 0 says that there is none.
constexpr std::array kFactors =
    std::to_array<const char*>({"embedding_scale", "logit_scale", "residual_scale", "rope.scaling.attn_factor",
                                "rope.scaling.yarn_log_multiplier"});

// The factors of LongRoPE, of which a run would have to choose.
constexpr std::array kRestrictedTensors =
    std::to_array<const char*>({"rope_factors_long.weight", "rope_factors_short.weight"});

bool is_27b(std::int64_t layers) { return layers == 46 || layers == 62; }  // of Gemma 2 and Gemma 3

class Reader {
 public:
  explicit Reader(const GgufFile& file) : file_(file), metadata_(file.metadata()) {}

  ModelConfig parse() {
    config_ = config_of(gguf_family(metadata_));
    refuse_unsupported();
    parse_sizes();
    parse_tensors();
    parse_scales();
    parse_layers();
    parse_tokens();
    check_config(config_, file_.label());
    return std::move(config_);
  }

 private:
  std::string key(const char* name) const { return gguf_key(metadata_, name); }

  std::int64_t integer(const char* name) const {
    const std::string full = key(name);
    const GgufValue* value = metadata_.find(full);
    if (!value) metadata_.malformed(full, "an integer");
    if (std::holds_alternative<GgufArray>(*value)) metadata_.unsupported(full, "one integer for all layers");
    return *metadata_.integer(full);
  }
  std::int64_t integer(const char* name, std::int64_t otherwise) const {
    return metadata_.find(key(name)) ? integer(name) : otherwise;
  }
  double number(const char* name) const {
    const auto value = metadata_.number(key(name));
    if (!value) metadata_.malformed(key(name), "a number");
    return *value;
  }
  double number(const char* name, double otherwise) const { return metadata_.number(key(name)).value_or(otherwise); }

  bool is_gemma() const { return config_.norm_adds_one; }
  bool is(Family family) const { return config_.family == family; }

  void refuse_unsupported() const {
    for (const char* name : kRestricted) {
      const GgufValue* value = metadata_.find(key(name));
      if (!value) continue;
      const bool off = std::holds_alternative<bool>(*value) && !std::get<bool>(*value);
      if (!off && (std::holds_alternative<bool>(*value) || number(name) != 0)) refuse(name);
    }
    for (const char* name : kFactors) {
      if (const double factor = number(name, 1); factor != 0 && factor != 1) refuse(name);
    }
    if (!metadata_.boolean(key("attention.causal")).value_or(true)) refuse("attention.causal");
    if (metadata_.find(key("rope.dimension_sections"))) refuse("rope.dimension_sections");
    if (!is(Family::kGemma2) && number("attn_logit_softcapping", 0) != 0) refuse("attn_logit_softcapping");
    if (!config_.four_norms && number("final_logit_softcapping", 0) != 0) refuse("final_logit_softcapping");
    for (const char* name : kRestrictedTensors) {
      if (file_.find(name)) {
        throw Error(ErrorCode::kUnsupported, file_.label() + ": tensor '" + name + "' is unsupported");
      }
    }
  }
  [[noreturn]] void refuse(const char* name) const {
    metadata_.unsupported(key(name), "nothing of the kind in a model of " + std::string(name_of(config_.family)));
  }

  void parse_sizes() {
    config_.hidden = integer("embedding_length");
    config_.intermediate = integer("feed_forward_length");
    config_.heads = integer("attention.head_count");
    config_.kv_heads = integer("attention.head_count_kv", config_.heads);
    config_.max_positions = integer("context_length");
    config_.rms_eps = number("attention.layer_norm_rms_epsilon");
    config_.head_dim = head_dim();
    for (const char* other : {"attention.value_length", "rope.dimension_count"}) {
      if (integer(other, config_.head_dim) != config_.head_dim) {
        metadata_.unsupported(key(other), std::to_string(config_.head_dim) + ", the width of the heads");
      }
    }
  }

  std::int64_t head_dim() const {
    if (metadata_.find(key("attention.key_length"))) return integer("attention.key_length");
    if (config_.heads < 1 || config_.hidden % config_.heads) {
      metadata_.malformed(key("attention.head_count"), "a divisor of embedding_length");
    }
    return config_.hidden / config_.heads;
  }

  void parse_tensors() {
    const GgufTensor* embedding = file_.find("token_embd.weight");
    if (!embedding || embedding->shape.rank() != 2 || embedding->shape[1] != config_.hidden) {
      throw Error(ErrorCode::kMalformed, file_.label() + ": tensor 'token_embd.weight' is " +
                                             (embedding ? embedding->shape.str() : "missing") + "; expected rows of " +
                                             std::to_string(config_.hidden) + " values");
    }
    config_.vocab = embedding->shape[0];
    config_.tied_head = !file_.find("output.weight");
    if (!is(Family::kQwen2)) config_.qkv_bias = file_.find("blk.0.attn_q.bias");
    config_.output_bias = file_.find("blk.0.attn_output.bias");
    config_.mlp_bias = file_.find("blk.0.ffn_gate.bias");
  }

  void parse_scales() {
    if (is_gemma()) config_.embedding_scale = std::sqrt(double(config_.hidden));
    // hidden / heads is the scalar of the largest Gemma 2 and 3, which only the number of layers gives away.
    const bool by_hidden = config_.four_norms && is_27b(gguf_layers(metadata_).model);
    const double scalar = by_hidden ? double(config_.hidden) / double(config_.heads) : double(config_.head_dim);
    const double said = number("attention.scale", 0);
    config_.query_scale = said != 0 ? said : 1 / std::sqrt(scalar);
    if (is(Family::kGemma2)) config_.attention_softcap = number("attn_logit_softcapping", 50);
    if (config_.four_norms) config_.final_softcap = number("final_logit_softcapping", is(Family::kGemma2) ? 30 : 0);
  }

  RopeScaling rope_scaling() const {
    const std::string type = metadata_.text(key("rope.scaling.type")).value_or("linear");
    if (type == "none") return {};
    if (type != "linear") metadata_.unsupported(key("rope.scaling.type"), "none or linear");
    const double factor = number("rope.scaling.factor", 0);
    if (factor == 0 || factor == 1) return {};
    return {.kind = RopeScaling::Kind::kLinear, .factor = factor};
  }

  std::int64_t window() const {
    const char* name = "attention.sliding_window";
    const std::int64_t window = integer(name, is(Family::kGemma2) ? 4096 : 0);
    if (window < 0) metadata_.malformed(key(name), "no negative number");
    if (window && !config_.four_norms && !is(Family::kMistral)) refuse(name);
    return window;
  }

  // Whether a layer sees no more than the window.
  std::vector<bool> local_layers(std::int64_t layers) const {
    const std::string name = key("attention.sliding_window_pattern");
    const GgufValue* value = metadata_.find(name);
    std::vector<bool> local(std::size_t(layers), !config_.four_norms);
    if (!config_.four_norms) {
      if (value) refuse("attention.sliding_window_pattern");
      return local;
    }
    if (value && std::holds_alternative<GgufArray>(*value)) {
      const auto* said = std::get<GgufArray>(*value).of<bool>();
      if (!said || std::int64_t(said->size()) != layers) {
        metadata_.malformed(name, "a number or " + std::to_string(layers) + " times true or false");
      }
      return *said;
    }
    const std::int64_t pattern = value ? *metadata_.integer(name) : is(Family::kGemma2) ? 2 : 6;
    if (pattern < 1) metadata_.malformed(name, "a positive number");
    for (std::int64_t i = 0; i < layers; ++i) local[std::size_t(i)] = is_local_by_pattern(i, pattern);
    return local;
  }

  void parse_layers() {
    const auto [layers, further] = gguf_layers(metadata_);
    config_.further_layers = further;
    const std::int64_t width = window();
    const std::vector<bool> local = local_layers(layers);
    const bool gemma3 = is(Family::kGemma3);
    // No Gemma 3 has the 10000 that a reader would otherwise take for its global layers.
    const double theta = gemma3 ? number("rope.freq_base") : number("rope.freq_base", 10'000);
    const LayerConfig all{.window = 0, .rope_theta = theta, .rope_scaling = rope_scaling()};
    LayerConfig windowed = all;
    if (gemma3) windowed = {.window = 0, .rope_theta = number("rope.freq_base_swa", 10'000), .rope_scaling = {}};
    windowed.window = width;
    for (const bool is_local : local) config_.layers.push_back(is_local && width ? windowed : all);
  }

  void parse_tokens() {
    config_.bos = metadata_.integer("tokenizer.ggml.bos_token_id");
    for (const char* name : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
      const auto id = metadata_.integer(name);
      if (id && (config_.eos.empty() || config_.eos.front() != *id)) config_.eos.push_back(*id);
    }
  }

  const GgufFile& file_;
  const GgufMetadata& metadata_;
  ModelConfig config_;
};

}  // namespace

ModelConfig config_from_gguf(const GgufFile& file) { return Reader(file).parse(); }

}  // namespace kvproof
