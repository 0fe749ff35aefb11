// Configurations from GGUF metadata, and the keys that are refused.
#include "engine/model/config_gguf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/model/gguf_weights.h"
#include "engine/model/tests/gguf_writer.h"

namespace kvproof {
namespace {

// The least that llama.cpp's converter writes: 24 wide, 4 heads of 8, 10 tokens.
class File {
 public:
  explicit File(const std::string& architecture, std::uint32_t layers = 6) : prefix_(architecture + ".") {
    writer.text("general.architecture", architecture);
    key("block_count", layers).key("context_length", 128u).key("embedding_length", 24u);
    key("feed_forward_length", 40u).key("attention.head_count", 4u).key("attention.head_count_kv", 2u);
    key("attention.key_length", 8u).key("attention.layer_norm_rms_epsilon", 0x1p-20f);
    if (architecture == "gemma3") key("rope.freq_base", 1e6f);
    writer.tensor("token_embd.weight", {24, 10}, "F16", Bytes(480));
  }
  template <class T>
  File& key(const std::string& name, T value) {
    writer.key(prefix_ + name, value);
    return *this;
  }
  File& tensor(const std::string& name) {
    writer.tensor(name, {1}, "F32", Bytes(4));
    return *this;
  }
  File& text(const std::string& name, const char* value) {
    writer.text(prefix_ + name, value);
    return *this;
  }
  ModelConfig config() const {
    const Bytes bytes = writer.bytes();
    return config_from_gguf(GgufFile::view(bytes, "m.gguf"));
  }
  GgufRefusal refused() const {
    return gguf_refusal([this] { (void)config(); });
  }

  GgufWriter writer;

 private:
  std::string prefix_;
};

std::vector<std::int64_t> windows(const ModelConfig& config) {
  std::vector<std::int64_t> result;
  for (const LayerConfig& layer : config.layers) result.push_back(layer.window);
  return result;
}

TEST(ConfigGguf, SizesComeFromTheKeysAndTheVocabularyFromTheEmbedding) {
  const ModelConfig config = File("qwen3").config();
  EXPECT_EQ(config.family, Family::kQwen3);
  EXPECT_EQ(config.vocab, 10);
  EXPECT_EQ(config.hidden, 24);
  EXPECT_EQ(config.intermediate, 40);
  EXPECT_EQ(config.heads, 4);
  EXPECT_EQ(config.kv_heads, 2);
  EXPECT_EQ(config.head_dim, 8);
  EXPECT_EQ(config.max_positions, 128);
  EXPECT_EQ(config.rms_eps, 0x1p-20);
  EXPECT_EQ(config.layers.size(), 6u);
  EXPECT_EQ(config.layers[0].rope_theta, 10'000);
  EXPECT_TRUE(config.qk_norm);
  EXPECT_EQ(config.embedding_scale, 1);
  EXPECT_EQ(config.query_scale, 1 / std::sqrt(8.0));
}

TEST(ConfigGguf, HeadsAndBiasesAreThereIfTheirTensorsAre) {
  const ModelConfig without = File("llama").config();
  EXPECT_TRUE(without.tied_head);
  EXPECT_FALSE(without.qkv_bias || without.output_bias || without.mlp_bias);
  const ModelConfig with = File("llama")
                               .tensor("output.weight")
                               .tensor("blk.0.attn_q.bias")
                               .tensor("blk.0.attn_output.bias")
                               .tensor("blk.0.ffn_gate.bias")
                               .config();
  EXPECT_FALSE(with.tied_head);
  EXPECT_TRUE(with.qkv_bias && with.output_bias && with.mlp_bias);
  EXPECT_TRUE(File("qwen2").config().qkv_bias);
}

TEST(ConfigGguf, Gemma1HasNoWindowAndNoCap) {
  const ModelConfig config = File("gemma").config();
  EXPECT_TRUE(config.norm_adds_one && config.tied_head);
  EXPECT_EQ(config.activation, Activation::kGeluTanh);
  EXPECT_EQ(config.embedding_scale, std::sqrt(24.0));
  EXPECT_EQ(config.final_softcap, 0);
  EXPECT_EQ(windows(config), std::vector<std::int64_t>(6, 0));
}

TEST(ConfigGguf, Gemma2IsLocalOnEvenLayersAndCapped) {
  const ModelConfig config = File("gemma2").config();
  EXPECT_EQ(windows(config), (std::vector<std::int64_t>{4096, 0, 4096, 0, 4096, 0}));
  EXPECT_EQ(config.attention_softcap, 50);
  EXPECT_EQ(config.final_softcap, 30);
  const ModelConfig own = File("gemma2")
                              .key("attention.sliding_window", 5u)
                              .key("attn_logit_softcapping", 20.f)
                              .key("final_logit_softcapping", 10.f)
                              .config();
  EXPECT_EQ(windows(own)[0], 5);
  EXPECT_EQ(own.attention_softcap, 20);
  EXPECT_EQ(own.final_softcap, 10);
}

TEST(ConfigGguf, Gemma3ScalesTheRopeOfItsGlobalLayersOnly) {
  File file("gemma3", 7);
  file.key("attention.sliding_window", 16u).text("rope.scaling.type", "linear").key("rope.scaling.factor", 8.f);
  const ModelConfig config = file.config();
  EXPECT_EQ(windows(config), (std::vector<std::int64_t>{16, 16, 16, 16, 16, 0, 16}));
  EXPECT_EQ(config.layers[5].rope_theta, 1e6);
  EXPECT_EQ(config.layers[5].rope_scaling, (RopeScaling{.kind = RopeScaling::Kind::kLinear, .factor = 8}));
  EXPECT_EQ(config.layers[0].rope_theta, 10'000);
  EXPECT_EQ(config.layers[0].rope_scaling, RopeScaling{});
  EXPECT_EQ(file.key("rope.freq_base_swa", 20'000.f).config().layers[0].rope_theta, 20'000);
}

TEST(ConfigGguf, AWrittenPatternOfWindowsGoesFirst) {
  const auto file = [] { return File("gemma3", 4).key("attention.sliding_window", 16u); };
  EXPECT_EQ(windows(file().key("attention.sliding_window_pattern", 2u).config()),
            (std::vector<std::int64_t>{16, 0, 16, 0}));
  File listed = file();
  listed.writer.array<bool>("gemma3.attention.sliding_window_pattern", {false, true, true, false});
  EXPECT_EQ(windows(listed.config()), (std::vector<std::int64_t>{0, 16, 16, 0}));
  File wrong = file();
  wrong.writer.array<bool>("gemma3.attention.sliding_window_pattern", {true});
  EXPECT_TRUE(wrong.refused().names("sliding_window_pattern (an array of 1)"));
}

TEST(ConfigGguf, TheQueryScaleOfTheLargestGemmasFollowsFromTheirLayers) {
  EXPECT_EQ(File("gemma2", 46).config().query_scale, 1 / std::sqrt(6.0));
  EXPECT_EQ(File("gemma3", 62).config().query_scale, 1 / std::sqrt(6.0));
  EXPECT_EQ(File("gemma2", 42).config().query_scale, 1 / std::sqrt(8.0));
  EXPECT_EQ(File("gemma2").key("attention.scale", 0.25f).config().query_scale, 0.25);
}

TEST(ConfigGguf, ALlamaWithAWindowIsAMistral) {
  const ModelConfig config = File("llama").key("attention.sliding_window", 7u).config();
  EXPECT_EQ(config.family, Family::kMistral);
  EXPECT_EQ(windows(config), std::vector<std::int64_t>(6, 7));
  EXPECT_EQ(File("llama").config().family, Family::kLlama);
}

TEST(ConfigGguf, LayersThatPredictFurtherTokensAreNoneOfTheModel) {
  EXPECT_EQ(File("qwen3").key("nextn_predict_layers", 1u).config().layers.size(), 5u);
}

TEST(ConfigGguf, TokensThatEndATextAreCollected) {
  File file("llama");
  file.writer.key("tokenizer.ggml.bos_token_id", 1u).key("tokenizer.ggml.eos_token_id", 2u);
  EXPECT_EQ(file.config().bos, 1);
  EXPECT_EQ(file.config().eos, std::vector<std::int64_t>{2});
  file.writer.key("tokenizer.ggml.eot_token_id", 9u);
  EXPECT_EQ(file.config().eos, (std::vector<std::int64_t>{2, 9}));
  File beyond("llama");
  beyond.writer.key("tokenizer.ggml.eos_token_id", 10u);
  EXPECT_EQ(beyond.refused().code, ErrorCode::kMalformed);
}

TEST(ConfigGguf, WhatChangesTheNumbersAndIsNotImplementedIsRefusedByKey) {
  const auto refuses = [](const char* architecture, const char* name, auto value) {
    const GgufRefusal refusal = File(architecture).key(name, value).refused();
    EXPECT_EQ(refusal.code, ErrorCode::kUnsupported) << name;
    EXPECT_TRUE(refusal.names(std::string("m.gguf: ") + architecture + "." + name)) << refusal.message;
  };
  refuses("llama", "expert_count", 8u);
  refuses("llama", "attention.causal", false);
  refuses("llama", "use_parallel_residual", true);
  refuses("llama", "logit_scale", 0.5f);
  refuses("llama", "rope.dimension_count", 4u);
  refuses("llama", "attention.value_length", 16u);
  refuses("llama", "final_logit_softcapping", 30.f);
  refuses("gemma3", "attn_logit_softcapping", 50.f);
  refuses("gemma", "attention.sliding_window", 4u);
  refuses("qwen2", "attention.sliding_window_pattern", 2u);
  EXPECT_TRUE(File("llama").text("rope.scaling.type", "yarn").refused().names("rope.scaling.type \"yarn\""));
  EXPECT_TRUE(File("llama").tensor("rope_factors_long.weight").refused().names("rope_factors_long.weight"));
  EXPECT_EQ(File("llama").key("expert_count", 0u).key("logit_scale", 1.f).refused().message, "accepted");
}

TEST(ConfigGguf, WhatIsMissingOrContradictsItselfIsRefused) {
  GgufWriter bare;
  bare.text("general.architecture", "llama");
  const Bytes bytes = bare.bytes();
  EXPECT_TRUE(gguf_refusal([&] {
                (void)config_from_gguf(GgufFile::view(bytes, "m.gguf"));
              }).names("llama.embedding_length is missing"));
  const auto config = [](const GgufWriter& writer) {
    const Bytes file = writer.bytes();
    return gguf_refusal([&] { (void)config_from_gguf(GgufFile::view(file, "m.gguf")); });
  };
  const GgufRefusal by_layer = config(GgufWriter(bare).array<std::uint32_t>("llama.embedding_length", {8, 16}));
  EXPECT_TRUE(by_layer.names("llama.embedding_length (an array of 2) is unsupported")) << by_layer.message;
  GgufWriter sizes = bare;
  for (const char* name : {"block_count", "context_length", "embedding_length", "feed_forward_length",
                           "attention.head_count", "attention.layer_norm_rms_epsilon"}) {
    sizes.key(std::string("llama.") + name, 8u);
  }
  EXPECT_TRUE(config(sizes).names("tensor 'token_embd.weight' is missing"));
  EXPECT_TRUE(config(GgufWriter(sizes).tensor("token_embd.weight", {4, 2}, "F32", Bytes(32))).names("[2,4]"));
  EXPECT_TRUE(config(GgufWriter(sizes).tensor("token_embd.weight", {8, 1}, "F32", Bytes(32))).names("head width is 1"));
}

TEST(ConfigGguf, AMutatedFileGivesAModelAndItsWeightsOrAnError) {
  File file("llama");
  file.key("attention.sliding_window", 16u).key("rope.scaling.factor", 8.f).key("nextn_predict_layers", 1u);
  file.writer.tensor("blk.0.attn_k.weight", {32, 16}, "Q4_0", Bytes(288))
      .tensor("rope_freqs.weight", {4}, "F32", Bytes(16));
  const Bytes original = file.writer.bytes();
  Random random(21);
  int accepted = 0;
  for (int round = 0; round < 10'000; ++round) {
    Bytes bytes = original;
    for (std::int64_t n = random.integer(1, 3); n > 0; --n) {
      bytes[std::size_t(random.integer(0, std::int64_t(bytes.size()) - 1))] = std::byte(random.bits());
    }
    const GgufRefusal refusal = gguf_refusal([&] {
      const GgufFile mutant = GgufFile::view(bytes, "m.gguf");
      (void)config_from_gguf(mutant);
      GgufWeights weights(mutant);
      for (const std::string& name : weights.unused()) (void)weights.take(name);
    });
    accepted += refusal.message == "accepted";
  }
  EXPECT_GT(accepted, 500);
  EXPECT_LT(accepted, 9'500);
}

}  // namespace
}  // namespace kvproof
