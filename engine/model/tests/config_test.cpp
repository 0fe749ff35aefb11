// config.json of every family, as published and as newer versions of transformers save it again.
#include "engine/model/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/error.h"

namespace kvproof {
namespace {

using nlohmann::json;

ModelConfig parsed(const json& config) { return parse_config_json(config.dump(), "config.json"); }

std::vector<std::int64_t> windows(const ModelConfig& config) {
  std::vector<std::int64_t> result;
  for (const LayerConfig& layer : config.layers) result.push_back(layer.window);
  return result;
}

// What most published files say, whatever the family; fields that change no number among them.
json sizes(const char* type, const char* architecture) {
  return {{"architectures", {architecture}},
          {"model_type", type},
          {"attention_dropout", 0.0},
          {"head_dim", 32},
          {"hidden_size", 96},
          {"initializer_range", 0.02},
          {"intermediate_size", 160},
          {"max_position_embeddings", 8192},
          {"num_attention_heads", 4},
          {"num_hidden_layers", 7},
          {"num_key_value_heads", 2},
          {"rms_norm_eps", 1e-05},
          {"torch_dtype", "bfloat16"},
          {"transformers_version", "4.42.0"},
          {"use_cache", true},
          {"vocab_size", 1000}};
}

json with(json config, const json& changes) {
  config.update(changes);
  return config;
}

json gemma() {
  return with(sizes("gemma", "GemmaForCausalLM"), {{"attention_bias", false},
                                                   {"hidden_act", "gelu"},
                                                   {"hidden_activation", nullptr},
                                                   {"bos_token_id", 2},
                                                   {"eos_token_id", 1},
                                                   {"rope_scaling", nullptr},
                                                   {"rope_theta", 10000.0}});
}

json gemma2() {
  return with(sizes("gemma2", "Gemma2ForCausalLM"), {{"attn_logit_softcapping", 50.0},
                                                     {"cache_implementation", "hybrid"},
                                                     {"final_logit_softcapping", 30.0},
                                                     {"hidden_act", "gelu_pytorch_tanh"},
                                                     {"hidden_activation", "gelu_pytorch_tanh"},
                                                     {"query_pre_attn_scalar", 144},
                                                     {"rope_theta", 10000.0},
                                                     {"sliding_window", 64}});
}

json gemma3() {
  return with(sizes("gemma3_text", "Gemma3ForCausalLM"), {{"attn_logit_softcapping", nullptr},
                                                          {"final_logit_softcapping", nullptr},
                                                          {"hidden_activation", "gelu_pytorch_tanh"},
                                                          {"query_pre_attn_scalar", 168},
                                                          {"rope_local_base_freq", 10000},
                                                          {"rope_scaling", {{"factor", 8.0}, {"rope_type", "linear"}}},
                                                          {"rope_theta", 1000000},
                                                          {"sliding_window", 64},
                                                          {"sliding_window_pattern", 6}});
}

json llama() {
  return with(sizes("llama", "LlamaForCausalLM"), {{"attention_bias", false},
                                                   {"bos_token_id", 1},
                                                   {"eos_token_id", {2, 8, 9}},
                                                   {"hidden_act", "silu"},
                                                   {"mlp_bias", false},
                                                   {"pretraining_tp", 1},
                                                   {"rope_scaling",
                                                    {{"factor", 32.0},
                                                     {"high_freq_factor", 4.0},
                                                     {"low_freq_factor", 1.0},
                                                     {"original_max_position_embeddings", 8192},
                                                     {"rope_type", "llama3"}}},
                                                   {"rope_theta", 500000.0},
                                                   {"tie_word_embeddings", true}});
}

json mistral() {
  return with(sizes("mistral", "MistralForCausalLM"),
              {{"hidden_act", "silu"}, {"rope_theta", 10000.0}, {"sliding_window", 4096}, {"head_dim", nullptr}});
}

json qwen2() {
  json config = with(sizes("qwen2", "Qwen2ForCausalLM"), {{"bos_token_id", 643},
                                                          {"eos_token_id", 645},
                                                          {"hidden_act", "silu"},
                                                          {"max_window_layers", 5},
                                                          {"rope_theta", 1000000.0},
                                                          {"sliding_window", 128},
                                                          {"use_sliding_window", false}});
  config.erase("head_dim");
  return config;
}

json qwen3() {
  return with(qwen2(), {{"model_type", "qwen3"},
                        {"architectures", {"Qwen3ForCausalLM"}},
                        {"attention_bias", false},
                        {"head_dim", 64},
                        {"sliding_window", nullptr}});
}

TEST(Config, GemmaNormsAddOneAndItsGeluIsTheTanhFormWhateverItSays) {
  const ModelConfig config = parsed(gemma());
  EXPECT_EQ(config.family, Family::kGemma);
  EXPECT_EQ(config.activation, Activation::kGeluTanh);
  EXPECT_TRUE(config.norm_adds_one && config.tied_head);
  EXPECT_FALSE(config.four_norms || config.qk_norm || config.qkv_bias || config.output_bias || config.mlp_bias);
  EXPECT_EQ(config.embedding_scale, std::sqrt(96.0));
  EXPECT_EQ(config.query_scale, 1 / std::sqrt(32.0));
  EXPECT_EQ(config.rms_eps, 1e-5);
  EXPECT_EQ(config.layers, std::vector<LayerConfig>(7));
  EXPECT_EQ(config.bos, 2);
  EXPECT_EQ(config.eos, std::vector<std::int64_t>{1});
  EXPECT_EQ(std::tie(config.vocab, config.hidden, config.intermediate, config.heads, config.kv_heads, config.head_dim,
                     config.max_positions),
            std::make_tuple(1000, 96, 160, 4, 2, 32, 8192));
}

TEST(Config, Gemma2AlternatesWindowsFromTheFirstLayerAndCapsScores) {
  const ModelConfig config = parsed(gemma2());
  EXPECT_EQ(windows(config), (std::vector<std::int64_t>{64, 0, 64, 0, 64, 0, 64}));
  EXPECT_TRUE(config.four_norms && config.norm_adds_one && config.tied_head && !config.qk_norm);
  EXPECT_EQ(config.attention_softcap, 50);
  EXPECT_EQ(config.final_softcap, 30);
  EXPECT_EQ(config.query_scale, 1 / std::sqrt(144.0));
}

TEST(Config, WhatTransformersDefaultsForGemma2IsDefaultedLikewise) {
  json config = gemma2();
  for (const char* field : {"attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar", "head_dim",
                            "sliding_window", "rms_norm_eps", "hidden_activation", "rope_theta"}) {
    config.erase(field);
  }
  const ModelConfig read = parsed(config);
  EXPECT_EQ(read.attention_softcap, 50);
  EXPECT_EQ(read.final_softcap, 30);
  EXPECT_EQ(read.query_scale, 1.0 / 16);
  EXPECT_EQ(read.head_dim, 256);
  EXPECT_EQ(read.layers[0].window, 4096);
  EXPECT_EQ(read.rms_eps, 1e-6);
  EXPECT_EQ(parsed(with(gemma2(), {{"attn_logit_softcapping", nullptr}})).attention_softcap, 0);
}

TEST(Config, Gemma3ScalesTheRopeOfItsGlobalLayersOnly) {
  const ModelConfig config = parsed(gemma3());
  const LayerConfig local{.window = 64, .rope_theta = 10'000};
  const LayerConfig global{.rope_theta = 1'000'000, .rope_scaling = {RopeScaling::Kind::kLinear, 8}};
  EXPECT_EQ(config.layers, (std::vector<LayerConfig>{local, local, local, local, local, global, local}));
  EXPECT_TRUE(config.four_norms && config.norm_adds_one && config.tied_head && config.qk_norm);
  EXPECT_EQ(config.attention_softcap, 0);
  EXPECT_EQ(config.final_softcap, 0);
  EXPECT_EQ(config.query_scale, 1 / std::sqrt(168.0));
}

TEST(Config, Gemma3InTheNewFormIsTheSameModel) {
  json config = gemma3();
  for (const char* field : {"rope_local_base_freq", "rope_theta", "rope_scaling", "sliding_window_pattern"}) {
    config.erase(field);
  }
  config["rope_parameters"] = {{"sliding_attention", {{"rope_theta", 10000.0}, {"rope_type", "default"}}},
                               {"full_attention", {{"factor", 8.0}, {"rope_theta", 1e6}, {"rope_type", "linear"}}}};
  config["layer_types"] = std::vector<std::string>(7, "sliding_attention");
  config["layer_types"][5] = "full_attention";
  config["_sliding_window_pattern"] = 6;
  EXPECT_EQ(parsed(config), parsed(gemma3()));
}

TEST(Config, LayerTypesPrevailOverThePattern) {
  json config = gemma3();
  config["layer_types"] = std::vector<std::string>(7, "full_attention");
  config["layer_types"][5] = "sliding_attention";
  EXPECT_EQ(windows(parsed(config)), (std::vector<std::int64_t>{0, 0, 0, 0, 0, 64, 0}));
}

TEST(Config, APatternOfOneHasNoLocalLayers) {
  EXPECT_EQ(windows(parsed(with(gemma3(), {{"sliding_window_pattern", 1}, {"sliding_window", nullptr}}))),
            std::vector<std::int64_t>(7, 0));
}

TEST(Config, TheTextOfAGemma3WithImagesStandsInTextConfig) {
  const json config = {{"architectures", {"Gemma3ForConditionalGeneration"}},
                       {"model_type", "gemma3"},
                       {"eos_token_id", {1, 106}},
                       {"mm_tokens_per_image", 256},
                       {"vision_config", {{"model_type", "siglip_vision_model"}, {"num_hidden_layers", 27}}},
                       {"text_config",
                        {{"model_type", "gemma3_text"},
                         {"bos_token_id", 3},
                         {"eos_token_id", 1},
                         {"hidden_size", 2560},
                         {"intermediate_size", 10240},
                         {"num_hidden_layers", 34},
                         {"rope_scaling", {{"factor", 8.0}, {"rope_type", "linear"}}},
                         {"sliding_window", 1024}}}};
  const ModelConfig read = parsed(config);
  EXPECT_EQ(std::tie(read.vocab, read.heads, read.kv_heads, read.head_dim, read.max_positions),
            std::make_tuple(262208, 8, 4, 256, 131072));
  EXPECT_EQ(read.layers.size(), 34);
  EXPECT_EQ(read.layers[5], (LayerConfig{0, 1'000'000, {RopeScaling::Kind::kLinear, 8}}));
  EXPECT_EQ(read.layers[33].window, 1024);
  EXPECT_EQ(read.bos, 3);
  EXPECT_EQ(read.eos, (std::vector<std::int64_t>{1, 106})) << "what is around the text model comes first";
}

TEST(Config, LlamaHasItsOwnRopeScalingAndTheHeadItSays) {
  const ModelConfig config = parsed(llama());
  EXPECT_EQ(config.layers, std::vector<LayerConfig>(7, {0, 500'000, {RopeScaling::Kind::kLlama3, 32, 1, 4, 8192}}));
  EXPECT_TRUE(config.tied_head);
  EXPECT_FALSE(config.norm_adds_one || config.four_norms || config.qk_norm);
  EXPECT_EQ(config.activation, Activation::kSilu);
  EXPECT_EQ(config.embedding_scale, 1);
  EXPECT_EQ(config.eos, (std::vector<std::int64_t>{2, 8, 9}));
  json untied = llama();
  untied.erase("tie_word_embeddings");
  EXPECT_FALSE(parsed(untied).tied_head);
}

TEST(Config, LlamaInTheNewFormIsTheSameModel) {
  json config = llama();
  config["rope_parameters"] = config["rope_scaling"];
  config["rope_parameters"]["rope_theta"] = 500000.0;
  config.erase("rope_scaling");
  EXPECT_EQ(parsed(config), parsed(llama())) << "with rope_theta left at the top";
  config.erase("rope_theta");
  EXPECT_EQ(parsed(config), parsed(llama()));
}

TEST(Config, TheFirstSpellingOfRopeScalingIsRead) {
  const ModelConfig config = parsed(with(llama(), {{"rope_scaling", {{"type", "linear"}, {"factor", 4}}}}));
  EXPECT_EQ(config.layers[0].rope_scaling, (RopeScaling{RopeScaling::Kind::kLinear, 4}));
}

TEST(Config, TheFirstLlamasHaveAsManyKeyHeadsAsHeads) {
  json config = llama();
  config.erase("num_key_value_heads");
  config.erase("head_dim");
  EXPECT_EQ(parsed(config).kv_heads, 4);
  EXPECT_EQ(parsed(config).head_dim, 24);
}

TEST(Config, LlamaMayHaveBiasesEverywhere) {
  const ModelConfig config = parsed(with(llama(), {{"attention_bias", true}, {"mlp_bias", true}}));
  EXPECT_TRUE(config.qkv_bias && config.output_bias && config.mlp_bias);
}

TEST(Config, MistralHasAWindowUnlessItIsNull) {
  EXPECT_EQ(windows(parsed(mistral())), std::vector<std::int64_t>(7, 4096));
  EXPECT_EQ(windows(parsed(with(mistral(), {{"sliding_window", nullptr}}))), std::vector<std::int64_t>(7, 0));
  EXPECT_EQ(parsed(mistral()).head_dim, 24);
  EXPECT_EQ(parsed(mistral()).bos, 1);
  EXPECT_EQ(parsed(mistral()).eos, std::vector<std::int64_t>{2});
}

TEST(Config, Qwen2HasBiasesAndNoWindowUnlessItIsUsed) {
  const ModelConfig config = parsed(qwen2());
  EXPECT_TRUE(config.qkv_bias);
  EXPECT_FALSE(config.output_bias || config.qk_norm || config.tied_head);
  EXPECT_EQ(windows(config), std::vector<std::int64_t>(7, 0));
  EXPECT_EQ(config.layers[0].rope_theta, 1'000'000);
  EXPECT_EQ(config.head_dim, 24);
  EXPECT_EQ(config.bos, 643);
  EXPECT_EQ(config.eos, std::vector<std::int64_t>{645});
}

TEST(Config, MaxWindowLayersOfQwenAreThoseThatSeeAll) {
  EXPECT_EQ(windows(parsed(with(qwen2(), {{"use_sliding_window", true}}))),
            (std::vector<std::int64_t>{0, 0, 0, 0, 0, 128, 128}));
  EXPECT_EQ(windows(parsed(with(qwen2(), {{"use_sliding_window", true}, {"max_window_layers", 99}}))),
            std::vector<std::int64_t>(7, 0));
}

TEST(Config, Qwen3NormsQueriesAndKeysAndHasNoBiases) {
  const ModelConfig config = parsed(qwen3());
  EXPECT_TRUE(config.qk_norm);
  EXPECT_FALSE(config.qkv_bias || config.norm_adds_one || config.four_norms);
  EXPECT_EQ(config.head_dim, 64);
  json without = qwen3();
  without.erase("head_dim");
  EXPECT_EQ(parsed(without).head_dim, 128);
}

TEST(Config, QwenInTheNewFormIsTheSameModel) {
  for (json config : {qwen2(), qwen3()}) {
    const ModelConfig before = parsed(config);
    config.erase("rope_theta");
    config["rope_parameters"] = {{"rope_theta", 1e6}, {"rope_type", "default"}};
    config["layer_types"] = std::vector<std::string>(7, "full_attention");
    config["dtype"] = "bfloat16";
    EXPECT_EQ(parsed(config), before);
  }
}

TEST(Config, TheArchitectureAloneSaysTheFamily) {
  json config = gemma2();
  config.erase("model_type");
  EXPECT_EQ(parsed(config), parsed(gemma2()));
  config = gemma2();
  config.erase("architectures");
  EXPECT_EQ(parsed(config), parsed(gemma2()));
}

TEST(Config, NoTokenNeedEndAText) {
  const ModelConfig config = parsed(with(llama(), {{"bos_token_id", nullptr}, {"eos_token_id", nullptr}}));
  EXPECT_EQ(config.bos, std::nullopt);
  EXPECT_TRUE(config.eos.empty());
}

TEST(Config, IsReadFromAFolderOrAFile) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "config_test.folder";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json") << qwen3().dump();
  EXPECT_EQ(read_config_json(folder.string()), parsed(qwen3()));
  EXPECT_EQ(read_config_json((folder / "config.json").string()), parsed(qwen3()));
  std::filesystem::remove_all(folder);
  try {
    read_config_json(folder.string());
    FAIL() << "read what is not there";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

}  // namespace
}  // namespace kvproof
