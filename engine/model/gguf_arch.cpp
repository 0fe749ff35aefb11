#include "engine/model/gguf_arch.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "engine/model/tensor_names.h"

namespace kvproof {
namespace {

struct Architecture {
  std::string_view name;
  Family family;
};
constexpr std::array<Architecture, 6> kArchitectures{{{"gemma", Family::kGemma},
                                                      {"gemma2", Family::kGemma2},
                                                      {"gemma3", Family::kGemma3},
                                                      {"llama", Family::kLlama},
                                                      {"qwen2", Family::kQwen2},
                                                      {"qwen3", Family::kQwen3}}};

struct Rename {
  std::string_view from, to;
};
constexpr std::array<Rename, 3> kTop{
    {{"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"}}};
constexpr std::array<Rename, 10> kInLayer{{{"attn_norm", "input_layernorm"},
                                           {"attn_q", "self_attn.q_proj"},
                                           {"attn_k", "self_attn.k_proj"},
                                           {"attn_v", "self_attn.v_proj"},
                                           {"attn_output", "self_attn.o_proj"},
                                           {"attn_q_norm", "self_attn.q_norm"},
                                           {"attn_k_norm", "self_attn.k_norm"},
                                           {"ffn_gate", "mlp.gate_proj"},
                                           {"ffn_up", "mlp.up_proj"},
                                           {"ffn_down", "mlp.down_proj"}}};
constexpr std::array<Rename, 1> kTwoNorms{{{"ffn_norm", "post_attention_layernorm"}}};
constexpr std::array<Rename, 3> kFourNorms{{{"post_attention_norm", "post_attention_layernorm"},
                                            {"ffn_norm", "pre_feedforward_layernorm"},
                                            {"post_ffw_norm", "post_feedforward_layernorm"}}};

template <std::size_t kCount>
std::optional<std::string> renamed(const std::array<Rename, kCount>& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Rename::from);
  return found == table.end() ? std::nullopt : std::optional(std::string(found->to));
}

constexpr std::string_view kLayers = "blk.";

std::optional<std::string> renamed_in_layer(Family family, std::string_view name) {
  if (auto common = renamed(kInLayer, name)) return common;
  return config_of(family).four_norms ? renamed(kFourNorms, name) : renamed(kTwoNorms, name);
}

}  // namespace

Family gguf_family(const GgufMetadata& metadata) {
  if (metadata.text("general.type").value_or("model") != "model") metadata.unsupported("general.type", "model");
  if (metadata.integer("split.count").value_or(1) > 1) metadata.unsupported("split.count", "one file, merged");
  const std::string key = "general.architecture";
  const auto name = metadata.text(key);
  if (!name) metadata.malformed(key, "a text");
  const auto found = std::ranges::find(kArchitectures, std::string_view(*name), &Architecture::name);
  if (found == kArchitectures.end()) metadata.unsupported(key, "gemma, gemma2, gemma3, llama, qwen2 or qwen3");
  const bool mistral =
      found->family == Family::kLlama && metadata.integer("llama.attention.sliding_window").value_or(0) != 0;
  return mistral ? Family::kMistral : found->family;
}

std::string gguf_key(const GgufMetadata& metadata, const std::string& key) {
  return metadata.text("general.architecture").value_or("") + "." + key;
}

GgufLayers gguf_layers(const GgufMetadata& metadata) {
  const std::string all = gguf_key(metadata, "block_count"), last = gguf_key(metadata, "nextn_predict_layers");
  const auto blocks = metadata.integer(all);
  if (!blocks || *blocks < 1 || *blocks > kMaxLayers) metadata.malformed(all, "1 to " + std::to_string(kMaxLayers));
  const std::int64_t further = metadata.integer(last).value_or(0);
  if (further < 0 || further >= *blocks)
    metadata.malformed(last, "less than the " + std::to_string(*blocks) + " blocks");
  return {*blocks - further, further};
}

std::string hugging_face_name(Family family, const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return name;
  const std::string kind = name.substr(dot);
  if (kind != ".weight" && kind != ".bias") return name;
  const std::string_view stem = std::string_view(name).substr(0, dot);
  if (const auto top = renamed(kTop, stem)) return *top + kind;
  const auto place = in_layer(stem, kLayers);
  const auto inside = place ? renamed_in_layer(family, place->rest) : std::nullopt;
  return inside ? "model.layers." + std::to_string(place->layer) + "." + *inside + kind : name;
}

bool is_gguf_mtp(const std::string& name, const GgufLayers& layers) {
  if (is_named_mtp(name)) return true;
  const auto place = in_layer(name, kLayers);
  return place && layers.further > 0 && place->layer >= layers.model;
}

}  // namespace kvproof
