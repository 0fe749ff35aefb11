// What a config.json is refused for: each case is a good file with one field wrong, and the message names that field.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/model/config.h"

namespace kvproof {
namespace {

using nlohmann::json;

json plain(const char* type) {
  return {{"model_type", type},      {"hidden_size", 96},        {"intermediate_size", 160},
          {"num_hidden_layers", 4},  {"num_attention_heads", 4}, {"num_key_value_heads", 2},
          {"head_dim", 32},          {"vocab_size", 1000},       {"max_position_embeddings", 8192},
          {"attention_dropout", 0.0}};
}

struct Refusal {
  bool refused = false;
  ErrorCode code = ErrorCode::kUsage;
  std::string message;
};

Refusal refusal_of_text(const std::string& text) {
  try {
    parse_config_json(text, "config.json");
  } catch (const Error& error) {
    return {true, error.code(), error.what()};
  }
  return {};
}

struct Case {
  const char* type;
  const char* changes;  // merged into the plain file; null there is null here
  ErrorCode code;
  const char* named;  // part of the message
};

void expect_refused(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    json config = plain(c.type);
    ASSERT_FALSE(refusal_of_text(config.dump()).refused) << c.type << ": " << refusal_of_text(config.dump()).message;
    config.update(json::parse(c.changes));
    const Refusal refusal = refusal_of_text(config.dump());
    EXPECT_TRUE(refusal.refused) << c.type << ' ' << c.changes;
    EXPECT_EQ(refusal.code, c.code) << refusal.message;
    EXPECT_NE(refusal.message.find(c.named), std::string::npos) << c.named << " is not in: " << refusal.message;
    EXPECT_EQ(refusal.message.find('\n'), std::string::npos) << refusal.message;
  }
}

constexpr ErrorCode kUnsupported = ErrorCode::kUnsupported, kMalformed = ErrorCode::kMalformed;

TEST(ConfigRefusal, AnotherArchitectureIsNotGuessedAt) {
  expect_refused({
      {"gemma", R"({"model_type": "gemma3n_text"})", kUnsupported, "model_type \"gemma3n_text\""},
      {"gemma", R"({"model_type": "Gemma"})", kUnsupported, "model_type \"Gemma\""},
      {"llama", R"({"model_type": "mixtral"})", kUnsupported, "model_type \"mixtral\""},
      {"llama", R"({"architectures": ["LlamaForSequenceClassification"]})", kUnsupported, "LlamaForSequenceClass"},
      {"llama", R"({"architectures": ["MistralForCausalLM"]})", kMalformed, "architectures"},
      {"llama", R"({"architectures": "LlamaForCausalLM"})", kMalformed, "architectures"},
      {"llama", R"({"model_type": null})", kMalformed, "model_type is missing"},
      {"llama", R"({"model_type": 3})", kMalformed, "model_type 3"},
      {"llama", R"({"text_config": {}})", kUnsupported, "text_config"},
      {"gemma3_text", R"({"model_type": "gemma3"})", kMalformed, "text_config is missing"},
      {"gemma3_text", R"({"model_type": "gemma3", "text_config": 1})", kMalformed, "text_config 1"},
      {"gemma3_text", R"({"model_type": "gemma3", "text_config": {"model_type": "gemma4_text"}})", kUnsupported,
       "text_config.model_type \"gemma4_text\""},
  });
}

TEST(ConfigRefusal, WhatChangesTheNumbersAndIsNotImplementedIsNamed) {
  expect_refused({
      {"llama", R"({"quantization_config": {"quant_method": "gptq", "bits": 4}})", kUnsupported,
       "quantization_config {\"bits\":4"},
      {"llama", R"({"num_local_experts": 8})", kUnsupported, "num_local_experts 8"},
      {"qwen3", R"({"num_experts": 128})", kUnsupported, "num_experts 128"},
      {"llama", R"({"partial_rotary_factor": 0.5})", kUnsupported, "partial_rotary_factor 0.5"},
      {"llama", R"({"sliding_window": 4096})", kUnsupported, "sliding_window 4096"},
      {"llama", R"({"hidden_act": "relu"})", kUnsupported, "hidden_act \"relu\""},
      {"llama", R"({"hidden_act": "gelu"})", kUnsupported, "hidden_act \"gelu\""},
      {"gemma", R"({"hidden_activation": "gelu"})", kUnsupported, "hidden_activation \"gelu\""},
      {"gemma", R"({"final_logit_softcapping": 30.0})", kUnsupported, "final_logit_softcapping 30"},
      {"gemma3_text", R"({"attn_logit_softcapping": 50.0})", kUnsupported, "attn_logit_softcapping 50"},
      {"gemma3_text", R"({"use_bidirectional_attention": true})", kUnsupported, "use_bidirectional_attention true"},
      {"qwen2", R"({"query_pre_attn_scalar": 256})", kUnsupported, "query_pre_attn_scalar 256"},
      {"qwen2", R"({"attention_bias": false})", kUnsupported, "attention_bias false"},
      {"mistral", R"({"attention_bias": true})", kUnsupported, "attention_bias true"},
      {"mistral", R"({"use_sliding_window": true})", kUnsupported, "use_sliding_window true"},
      {"qwen3", R"({"mlp_bias": true})", kUnsupported, "mlp_bias true"},
      {"gemma2", R"({"rope_local_base_freq": 10000})", kUnsupported, "rope_local_base_freq 10000"},
      {"qwen3", R"({"layer_types": ["full_attention", "full_attention", "linear_attention", "full_attention"]})",
       kUnsupported, "\"linear_attention\""},
      {"llama", R"({"layer_types": ["full_attention", "sliding_attention", "full_attention", "sliding_attention"]})",
       kUnsupported, "layer_types"},
  });
}

TEST(ConfigRefusal, OtherRotationsAreNamed) {
  expect_refused({
      {"qwen2", R"({"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}})",
       kUnsupported, "rope_scaling.type \"yarn\""},
      {"llama", R"({"rope_scaling": {"rope_type": "dynamic", "factor": 4.0}})", kUnsupported, "rope_type \"dynamic\""},
      {"llama", R"({"rope_parameters": {"rope_type": "longrope"}})", kUnsupported, "rope_parameters.rope_type"},
      {"llama", R"({"rope_scaling": {"rope_type": "linear", "factor": 4, "attention_factor": 2}})", kUnsupported,
       "attention_factor 2"},
      {"llama", R"({"rope_scaling": {"factor": 4}})", kUnsupported, "factor 4"},
      {"llama", R"({"rope_parameters": {"partial_rotary_factor": 0.25, "rope_theta": 1e4}})", kUnsupported,
       "partial_rotary_factor 0.25"},
      {"llama", R"({"rope_scaling": {"rope_type": "linear", "type": "llama3", "factor": 4}})", kMalformed, "type"},
      {"llama", R"({"rope_scaling": {"rope_type": "linear"}})", kMalformed, "rope_scaling.factor is missing"},
      {"llama", R"({"rope_scaling": {"rope_type": "linear", "factor": 0}})", kMalformed, "rope factor"},
      {"llama", R"({"rope_scaling": {"rope_type": "linear", "factor": "8"}})", kMalformed, "factor \"8\""},
      {"llama", R"({"rope_scaling": 8})", kMalformed, "rope_scaling 8"},
      {"llama",
       R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4,
           "original_max_position_embeddings": 8192}})",
       kMalformed, "high_freq_factor"},
      {"llama",
       R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}})",
       kMalformed, "original_max_position_embeddings is missing"},
      {"llama", R"({"rope_theta": 0})", kMalformed, "rope theta"},
      {"llama", R"({"rope_theta": -5})", kMalformed, "rope theta"},
  });
}

TEST(ConfigRefusal, OldAndNewFormMayNotContradictEachOther) {
  expect_refused({
      {"llama", R"({"rope_theta": 10000, "rope_parameters": {"rope_theta": 500000}})", kMalformed, "rope_theta"},
      {"llama", R"({"rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": {"rope_theta": 10000}})",
       kMalformed, "rope_scaling"},
      {"gemma3_text", R"({"rope_parameters": {"rope_theta": 10000}})", kMalformed, "full_attention"},
      {"gemma3_text", R"({"rope_parameters": {"full_attention": {"rope_theta": 1e6}}})", kMalformed,
       "sliding_attention is missing"},
      {"gemma3_text",
       R"({"rope_local_base_freq": 20000,
           "rope_parameters": {"full_attention": {}, "sliding_attention": {"rope_theta": 10000}}})",
       kMalformed, "rope_local_base_freq 20000"},
      {"gemma3_text",
       R"({"rope_parameters": {"full_attention": {}, "sliding_attention": {}, "chunked_attention": {}}})", kUnsupported,
       "chunked_attention"},
  });
}

TEST(ConfigRefusal, LocalLayersNeedAWindow) {
  expect_refused({
      {"gemma2", R"({"sliding_window": null})", kMalformed, "sliding_window is missing"},
      {"gemma3_text", R"({"sliding_window": null})", kMalformed, "sliding_window is missing"},
      {"gemma2", R"({"sliding_window": 0})", kMalformed, "sliding_window 0"},
      {"mistral", R"({"sliding_window": -1})", kMalformed, "sliding_window -1"},
      {"gemma3_text", R"({"sliding_window_pattern": 0})", kMalformed, "sliding_window_pattern 0"},
      {"gemma3_text", R"({"layer_types": ["full_attention"]})", kMalformed, "layer_types"},
      {"gemma3_text", R"({"layer_types": "full_attention"})", kMalformed, "layer_types"},
      {"qwen2", R"({"layer_types": ["full_attention", "full_attention", "full_attention", "sliding_attention"]})",
       kMalformed, "sliding_window"},
      {"qwen2", R"({"use_sliding_window": true, "max_window_layers": -1})", kMalformed, "max_window_layers -1"},
  });
}

TEST(ConfigRefusal, SizesAreThereIntegersAndSane) {
  expect_refused({
      {"llama", R"({"hidden_size": null})", kMalformed, "hidden_size is missing"},
      {"llama", R"({"vocab_size": null})", kMalformed, "vocab_size is missing"},
      {"gemma3_text", R"({"intermediate_size": null})", kMalformed, "intermediate_size is missing"},
      {"qwen2", R"({"num_key_value_heads": null})", kMalformed, "num_key_value_heads is missing"},
      {"llama", R"({"num_hidden_layers": null})", kMalformed, "num_hidden_layers is missing"},
      {"llama", R"({"hidden_size": "96"})", kMalformed, "hidden_size \"96\""},
      {"llama", R"({"hidden_size": 96.5})", kMalformed, "hidden_size 96.5"},
      {"llama", R"({"hidden_size": 18446744073709551615})", kMalformed, "hidden_size 18446744073709551615"},
      {"llama", R"({"hidden_size": -96})", kMalformed, "hidden size is -96"},
      {"llama", R"({"num_hidden_layers": 0})", kMalformed, "num_hidden_layers 0"},
      {"llama", R"({"num_hidden_layers": 1000000000000})", kMalformed, "num_hidden_layers 1000000000000"},
      {"llama", R"({"vocab_size": 4611686018427387904})", kMalformed, "vocabulary is 4611686018427387904"},
      {"llama", R"({"num_attention_heads": 0, "head_dim": null})", kMalformed, "num_attention_heads 0"},
      {"llama", R"({"num_attention_heads": 5, "head_dim": null})", kMalformed, "num_attention_heads 5"},
      {"llama", R"({"num_key_value_heads": 3})", kMalformed, "3 key/value heads"},
      {"llama", R"({"num_key_value_heads": 0})", kMalformed, "key/value heads is 0"},
      {"llama", R"({"head_dim": 33})", kMalformed, "head width is 33"},
      {"llama", R"({"max_position_embeddings": 0})", kMalformed, "positions is 0"},
      {"llama", R"({"rms_norm_eps": 0})", kMalformed, "epsilon"},
      {"llama", R"({"rms_norm_eps": true})", kMalformed, "rms_norm_eps true"},
      {"llama", R"({"rms_norm_eps": 1e-320})", kMalformed, "epsilon"},
      {"llama", R"({"rope_theta": 1e308})", kMalformed, "rope theta is 1e+308"},
      {"gemma3_text", R"({"query_pre_attn_scalar": 1e-320})", kMalformed, "query"},
      {"llama", R"({"tie_word_embeddings": 1})", kMalformed, "tie_word_embeddings 1"},
      {"gemma2", R"({"query_pre_attn_scalar": 0})", kMalformed, "query_pre_attn_scalar 0"},
      {"gemma2", R"({"attn_logit_softcapping": -1})", kMalformed, "attn_logit_softcapping -1"},
      {"llama", R"({"eos_token_id": 1000})", kMalformed, "eos_token_id is 1000"},
      {"llama", R"({"eos_token_id": [2, -1]})", kMalformed, "eos_token_id is -1"},
      {"llama", R"({"eos_token_id": [2, [3]]})", kMalformed, "eos_token_id [2,[3]]"},
      {"llama", R"({"bos_token_id": 5000})", kMalformed, "bos_token_id is 5000"},
  });
}

TEST(ConfigRefusal, WhatIsAroundTheTextModelMayNotContradictIt) {
  json config = {{"model_type", "gemma3"}, {"tie_word_embeddings", false}, {"text_config", plain("gemma3_text")}};
  EXPECT_FALSE(parse_config_json(config.dump(), "config.json").tied_head);
  config["text_config"]["tie_word_embeddings"] = true;
  EXPECT_EQ(refusal_of_text(config.dump()).message,
            "config.json: tie_word_embeddings false; expected what text_config says");
  config.erase("tie_word_embeddings");
  EXPECT_TRUE(parse_config_json(config.dump(), "config.json").tied_head);
  config["quantization_config"] = {{"bits", 4}};
  EXPECT_EQ(refusal_of_text(config.dump()).code, kUnsupported);
}

TEST(ConfigRefusal, TextThatIsNoJsonIsRefusedWithItsPlace) {
  EXPECT_EQ(refusal_of_text("{\n  \"hidden_size\": ,\n}").message, "config.json: not JSON at line 2, column 18");
  EXPECT_EQ(refusal_of_text("").message, "config.json: not JSON at line 1, column 1");
  EXPECT_EQ(refusal_of_text("[]").message, "config.json: [] is no object");
  EXPECT_EQ(refusal_of_text(R"({"a": 1e999})").message, "config.json: holds a number that is out of range");
  EXPECT_EQ(refusal_of_text(R"({"a": 1, "a": 2})").message, R"(config.json: key "a" stands twice)");
  EXPECT_EQ(refusal_of_text(std::string(100'000, '[')).message, "config.json: nested deeper than 32");
  EXPECT_EQ(refusal_of_text(std::string(2'000'000, ' ')).message, "config.json: longer than 1048576 bytes");
  EXPECT_TRUE(refusal_of_text("{\"\xff\": 1}").refused);
}

TEST(ConfigRefusal, EveryTruncationIsRefused) {
  const std::string text = plain("gemma3_text").dump();
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_EQ(refusal_of_text(text.substr(0, length)).code, ErrorCode::kMalformed) << length;
  }
}

}  // namespace
}  // namespace kvproof
