// config.json, as Hugging Face transformers writes it.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/model/config.h"
#include "engine/model/config_rope.h"
#include "engine/model/config_scope.h"
#include "engine/model/json_fields.h"
#include "engine/model/json_text.h"

namespace kvproof {
namespace {

constexpr std::size_t kMaxText = std::size_t(1) << 20;

constexpr const char* kFullLayer = "full_attention";
constexpr const char* kLocalLayer = "sliding_attention";
constexpr std::int64_t kWindow = 4096;  // where a family has windows and the file does not say how wide

bool is_gemma(Family family) {
  return family == Family::kGemma || family == Family::kGemma2 || family == Family::kGemma3;
}

bool is_qwen(Family family) { return family == Family::kQwen2 || family == Family::kQwen3; }

// Widths of heads that do not follow from the others.
std::int64_t parse_head_dim(const JsonFields& fields, const ModelConfig& config) {
  if (fields.has("head_dim")) return fields.integer("head_dim");
  if (is_gemma(config.family)) return 256;
  if (config.family == Family::kQwen3) return 128;
  if (config.heads < 1 || config.hidden % config.heads)
    fields.malformed("num_attention_heads", "a divisor of hidden_size");
  return config.hidden / config.heads;
}

void parse_sizes(const JsonFields& fields, ModelConfig& config) {
  config.hidden = fields.integer("hidden_size");
  config.intermediate = fields.integer("intermediate_size");
  config.rms_eps = fields.number("rms_norm_eps", 1e-6);
  // Published files of Gemma 3 with images leave these out.
  if (config.family == Family::kGemma3) {
    config.vocab = fields.integer("vocab_size", 262'208);
    config.heads = fields.integer("num_attention_heads", 8);
    config.kv_heads = fields.integer("num_key_value_heads", 4);
    config.max_positions = fields.integer("max_position_embeddings", 131'072);
  } else {
    config.vocab = fields.integer("vocab_size");
    config.heads = fields.integer("num_attention_heads");
    config.kv_heads = config.family == Family::kLlama ? fields.integer("num_key_value_heads", config.heads)
                                                      : fields.integer("num_key_value_heads");
    config.max_positions = fields.integer("max_position_embeddings");
  }
  config.head_dim = parse_head_dim(fields, config);
}

// Gemma's first files say "gelu" where its authors meant, and everybody computes, the form with tanh.
Activation parse_activation(const JsonFields& fields, Family family) {
  const char* field = "hidden_act";
  std::string name = "silu";
  if (is_gemma(family)) {
    if (fields.has("hidden_activation") || family != Family::kGemma) field = "hidden_activation";
    name = fields.text(field).value_or("gelu_pytorch_tanh");
    if (name == "gelu" && field == std::string("hidden_act")) name = "gelu_pytorch_tanh";
  } else {
    name = fields.text(field).value_or(name);
  }
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return Activation::kGeluTanh;
  if (name == "silu" || name == "swish") return Activation::kSilu;
  fields.unsupported(field, "gelu_pytorch_tanh or silu");
}

void parse_biases(const JsonFields& fields, ModelConfig& config) {
  if (config.family == Family::kQwen2) {
    if (!fields.boolean("attention_bias", true)) fields.unsupported("attention_bias", "true, as in every Qwen 2");
  } else {
    config.qkv_bias = config.output_bias = fields.boolean("attention_bias", false);
  }
  config.mlp_bias = fields.boolean("mlp_bias", false);
}

double positive(const JsonFields& fields, const char* field, double otherwise) {
  const double value = fields.number(field, otherwise);
  if (!(value > 0)) fields.malformed(field, "a positive number");
  return value;
}

// Null says that there is none; for Gemma 2 absence does not.
double parse_softcap(const JsonFields& fields, const char* field, double otherwise) {
  if (fields.has(field)) return positive(fields, field, 0);
  return fields.object().contains(field) ? 0 : otherwise;
}

void parse_scales(const JsonFields& fields, ModelConfig& config) {
  const bool own_scale = config.four_norms;  // Gemma 2 and 3
  const double scalar = own_scale ? positive(fields, "query_pre_attn_scalar", 256) : double(config.head_dim);
  config.query_scale = 1 / std::sqrt(scalar);
  if (is_gemma(config.family)) config.embedding_scale = std::sqrt(double(config.hidden));
  const bool capped = config.family == Family::kGemma2;
  config.attention_softcap = parse_softcap(fields, "attn_logit_softcapping", capped ? 50 : 0);
  config.final_softcap = parse_softcap(fields, "final_logit_softcapping", capped ? 30 : 0);
}

// How many keys a local layer sees; 0 where the model has no such layers.
std::int64_t parse_window(const JsonFields& fields, Family family) {
  if (family == Family::kGemma || family == Family::kLlama) return 0;
  if (is_qwen(family) && !fields.boolean("use_sliding_window", false)) return 0;
  if (!fields.has("sliding_window")) return fields.object().contains("sliding_window") ? 0 : kWindow;
  const std::int64_t window = fields.integer("sliding_window");
  if (window < 1) fields.malformed("sliding_window", "a positive integer or null");
  return window;
}

std::int64_t parse_pattern(const JsonFields& fields, Family family) {
  if (family == Family::kGemma2) return 2;
  const char* field = fields.has("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern";
  const std::int64_t pattern = fields.integer(field, 6);
  if (pattern < 1) fields.malformed(field, "a positive integer");
  return pattern;
}

using LocalLayers = std::vector<bool>;  // [layers]

LocalLayers local_by_family(const JsonFields& fields, Family family, std::int64_t window, std::int64_t layers) {
  LocalLayers local(std::size_t(layers), false);
  if (family == Family::kGemma2 || family == Family::kGemma3) {
    const std::int64_t pattern = parse_pattern(fields, family);
    for (std::int64_t i = 0; i < layers; ++i) local[std::size_t(i)] = is_local_by_pattern(i, pattern);
  } else if (window != 0) {
    const std::int64_t first = is_qwen(family) ? fields.integer("max_window_layers", 28) : 0;
    if (first < 0) fields.malformed("max_window_layers", "no negative number");
    for (std::int64_t i = first; i < layers; ++i) local[std::size_t(i)] = true;
  }
  return local;
}

LocalLayers parse_layer_types(const JsonFields& fields, std::int64_t layers) {
  const nlohmann::json& types = *fields.find("layer_types");
  if (!types.is_array() || std::int64_t(types.size()) != layers) {
    fields.malformed("layer_types", "an array of " + std::to_string(layers) + " types");
  }
  LocalLayers local;
  for (const nlohmann::json& type : types) {
    if (type != kFullLayer && type != kLocalLayer) {
      throw Error(ErrorCode::kUnsupported, fields.where() + "layer_types: " + excerpt(type) +
                                               " is unsupported; expected " + kFullLayer + " or " + kLocalLayer);
    }
    local.push_back(type == kLocalLayer);
  }
  return local;
}

void parse_layers(const JsonFields& fields, ModelConfig& config) {
  const std::int64_t layers = fields.integer("num_hidden_layers");
  if (layers < 1 || layers > kMaxLayers) fields.malformed("num_hidden_layers", "1 to " + std::to_string(kMaxLayers));
  const std::int64_t window = parse_window(fields, config.family);
  LocalLayers local = local_by_family(fields, config.family, window, layers);
  if (fields.has("layer_types")) {
    LocalLayers said = parse_layer_types(fields, layers);
    const bool may_choose = config.four_norms || is_qwen(config.family);
    if (!may_choose && said != local) fields.unsupported("layer_types", "what sliding_window says, for all layers");
    local = std::move(said);
  }
  if (window == 0 && std::ranges::find(local, true) != local.end()) {
    fields.malformed("sliding_window", "the window of the local layers");
  }
  config.further_layers = fields.integer("num_nextn_predict_layers", 0);
  const RopeByLayerType rope = parse_rope(fields, config.family);
  for (const bool is_local : local) {
    const Rope& own = is_local ? rope.local : rope.full;
    config.layers.push_back({.window = is_local ? window : 0, .rope_theta = own.theta, .rope_scaling = own.scaling});
  }
}

// Begin and end of a text: from what is around the text model, as generation in transformers, and else from the latter.
void parse_tokens(const JsonFields& text, const JsonFields& root, ModelConfig& config) {
  const bool qwen = is_qwen(config.family), gemma = is_gemma(config.family);
  const auto holder = [&](const char* field) -> const JsonFields* {
    if (root.object().contains(field)) return &root;
    return text.object().contains(field) ? &text : nullptr;
  };
  if (!qwen) {
    config.bos = gemma ? 2 : 1;
    config.eos = {gemma ? 1 : 2};
  }
  if (const JsonFields* fields = holder("bos_token_id")) {
    config.bos.reset();
    if (fields->has("bos_token_id")) config.bos = fields->integer("bos_token_id");
  }
  if (const JsonFields* fields = holder("eos_token_id")) config.eos = fields->integers("eos_token_id");
}

void parse_tie(const JsonFields& text, const JsonFields& root, ModelConfig& config) {
  const char* field = "tie_word_embeddings";
  config.tied_head = text.boolean(field, root.boolean(field, config.tied_head));
  if (root.boolean(field, config.tied_head) != config.tied_head) root.malformed(field, "what text_config says");
}

ModelConfig parse(const nlohmann::json& document, const std::string& label) {
  const JsonFields root(document, label + ": ");
  const ConfigScope scope = scope_of(root);
  const JsonFields text = scope.nested ? root.fields("text_config") : root;
  refuse_unsupported_fields(root, scope.family);
  refuse_unsupported_fields(text, scope.family);
  ModelConfig config = config_of(scope.family);
  parse_sizes(text, config);
  config.activation = parse_activation(text, config.family);
  parse_biases(text, config);
  parse_scales(text, config);
  parse_layers(text, config);
  parse_tie(text, root, config);
  parse_tokens(text, root, config);
  check_config(config, label);
  return config;
}

}  // namespace

ModelConfig parse_config_json(std::string_view text, const std::string& label) {
  if (text.size() > kMaxText) {
    throw Error(ErrorCode::kMalformed, label + ": longer than " + std::to_string(kMaxText) + " bytes");
  }
  return parse(parse_json(text, label), label);
}

ModelConfig read_config_json(const std::string& path) {
  std::error_code ignored;
  const std::string file = std::filesystem::is_directory(path, ignored) ? path + "/config.json" : path;
  return parse(read_json(file, kMaxText), file);
}

}  // namespace kvproof
