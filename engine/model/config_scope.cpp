#include "engine/model/config_scope.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "engine/model/json_text.h"

namespace kvproof {
namespace {

using nlohmann::json;

struct Architecture {
  std::string_view model_type, name;
  ConfigScope scope;
};
constexpr std::array<Architecture, 8> kArchitectures{{
    {"gemma", "GemmaForCausalLM", {Family::kGemma, false}},
    {"gemma2", "Gemma2ForCausalLM", {Family::kGemma2, false}},
    {"gemma3_text", "Gemma3ForCausalLM", {Family::kGemma3, false}},
    {"gemma3", "Gemma3ForConditionalGeneration", {Family::kGemma3, true}},
    {"llama", "LlamaForCausalLM", {Family::kLlama, false}},
    {"mistral", "MistralForCausalLM", {Family::kMistral, false}},
    {"qwen2", "Qwen2ForCausalLM", {Family::kQwen2, false}},
    {"qwen3", "Qwen3ForCausalLM", {Family::kQwen3, false}},
}};
constexpr const char* kKnown = "gemma, gemma2, gemma3, gemma3_text, llama, mistral, qwen2 or qwen3";

using Families = unsigned;  // a bit for each Family
constexpr Families bit(Family family) { return 1u << unsigned(family); }
constexpr Families kNobody = 0;
constexpr Families kGemmas23 = bit(Family::kGemma2) | bit(Family::kGemma3);
constexpr Families kQwens = bit(Family::kQwen2) | bit(Family::kQwen3);

struct Restricted {
  const char* field;
  Families known_to;  // everybody else refuses it
};

// With null, false, 0 or nothing in it, each says that the model does without.
constexpr std::array kRestricted = std::to_array<Restricted>({
    {"attn_logit_softcapping", bit(Family::kGemma2)},
    {"final_logit_softcapping", kGemmas23},
    {"query_pre_attn_scalar", kGemmas23},
    {"sliding_window", kGemmas23 | kQwens | bit(Family::kMistral)},
    {"sliding_window_pattern", bit(Family::kGemma3)},
    {"_sliding_window_pattern", bit(Family::kGemma3)},
    {"rope_local_base_freq", bit(Family::kGemma3)},
    {"use_sliding_window", kQwens},
    {"attention_bias", ~bit(Family::kMistral)},
    {"mlp_bias", bit(Family::kLlama)},
    // Weights in other forms.
    {"quantization_config", kNobody},
    {"compression_config", kNobody},
    // Mixtures of experts.
    {"num_experts", kNobody},
    {"num_local_experts", kNobody},
    {"n_routed_experts", kNobody},
    {"num_experts_per_tok", kNobody},
    {"moe_intermediate_size", kNobody},
    {"enable_moe_block", kNobody},
    // Other attention.
    {"add_cross_attention", kNobody},
    {"attention_chunk_size", kNobody},
    {"attention_k_eq_v", kNobody},
    {"attn_temperature_tuning", kNobody},
    {"clip_qkv", kNobody},
    {"global_head_dim", kNobody},
    {"is_encoder_decoder", kNobody},
    {"kv_lora_rank", kNobody},
    {"no_rope_layers", kNobody},
    {"num_global_key_value_heads", kNobody},
    {"num_kv_shared_layers", kNobody},
    {"q_lora_rank", kNobody},
    {"rope_interleaved", kNobody},
    {"use_bidirectional_attention", kNobody},
    {"use_mrope", kNobody},
    {"use_qk_norm", kNobody},
    // Other blocks.
    {"hidden_size_per_layer_input", kNobody},
    {"pruned_heads", kNobody},
    {"use_parallel_residual", kNobody},
});

// A factor of 1 changes nothing.
constexpr std::array<const char*, 8> kFactors{
    "partial_rotary_factor", "rotary_pct",     "attention_multiplier", "residual_multiplier",
    "embedding_multiplier",  "logits_scaling", "logit_scale",          "rope_pct"};

bool says_nothing(const json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<double>() == 0;
  return value.empty();  // null, and what holds nothing
}

const Architecture* find(std::string_view Architecture::* by, const std::string& what) {
  const auto found = std::ranges::find(kArchitectures, std::string_view(what), by);
  return found == kArchitectures.end() ? nullptr : &*found;
}

const Architecture* by_name(const JsonFields& root) {
  const json* names = root.find("architectures");
  if (!names || names->empty()) return nullptr;
  if (!names->is_array() || names->size() != 1 || !names->front().is_string()) {
    root.malformed("architectures", "an array of one string");
  }
  const Architecture* known = find(&Architecture::name, names->front().get<std::string>());
  if (!known) root.unsupported("architectures", std::string("one for text of ") + kKnown);
  return known;
}

}  // namespace

ConfigScope scope_of(const JsonFields& root) {
  const auto type = root.text("model_type");
  const Architecture* by_type = type ? find(&Architecture::model_type, *type) : nullptr;
  if (type && !by_type) root.unsupported("model_type", kKnown);
  const Architecture* named = by_name(root);
  if (by_type && named && by_type != named) {
    root.malformed("architectures", "'" + std::string(by_type->name) + "', as model_type says");
  }
  if (!by_type && !named) root.malformed("model_type", kKnown);
  const ConfigScope scope = (by_type ? by_type : named)->scope;
  if (!scope.nested) {
    if (root.has("text_config")) root.unsupported("text_config", "none beside model_type gemma3");
    return scope;
  }
  const JsonFields text = root.fields("text_config");
  if (text.text("model_type").value_or("gemma3_text") != "gemma3_text") text.unsupported("model_type", "gemma3_text");
  return scope;
}

void refuse_unsupported_fields(const JsonFields& fields, Family family) {
  for (const Restricted& restricted : kRestricted) {
    const json* value = fields.find(restricted.field);
    if (!value || (restricted.known_to & bit(family)) || says_nothing(*value)) continue;
    fields.unsupported(restricted.field, "nothing of the kind in a model of " + std::string(name_of(family)));
  }
  for (const char* field : kFactors) {
    if (const json* value = fields.find(field); value && *value != 1) fields.unsupported(field, "1");
  }
}

}  // namespace kvproof
