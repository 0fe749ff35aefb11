// Weights from GGUF: names, orders of rows and types as builders expect them.
#include "engine/model/gguf_weights.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/model/gguf_arch.h"
#include "engine/model/tests/gguf_writer.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

using Names = std::vector<std::string>;

GgufWriter writer(const std::string& architecture, std::uint32_t layers = 2) {
  GgufWriter file;
  file.text("general.architecture", architecture).key(architecture + ".block_count", layers);
  return file;
}

// One f32 in every tensor.
GgufWriter& with_tensors(GgufWriter& file, const Names& names) {
  for (const std::string& name : names) file.tensor(name, {1}, "F32", bytes_of<float>({1}));
  return file;
}

GgufWeights weights(const Bytes& bytes, MtpTensors mtp = MtpTensors::kHidden) {
  return GgufWeights(GgufFile::view(bytes, "m.gguf"), mtp);
}

Names names_of(GgufWriter file, MtpTensors mtp = MtpTensors::kHidden) {
  const Bytes bytes = file.bytes();
  return weights(bytes, mtp).unused();
}

GgufRefusal refused(const GgufWriter& file) {
  const Bytes bytes = file.bytes();
  return gguf_refusal([&] { (void)weights(bytes); });
}

std::vector<float> values(const Constant& constant) {
  const Tensor wide = to_dtype(*constant.tensor(), DType::kF32);
  return {wide.as<float>(), wide.as<float>() + wide.shape().elements()};
}

TEST(GgufWeights, HaveTheNamesOfHuggingFace) {
  const std::vector<std::pair<const char*, const char*>> common{
      {"token_embd.weight", "model.embed_tokens.weight"},
      {"output_norm.weight", "model.norm.weight"},
      {"output.weight", "lm_head.weight"},
      {"blk.0.attn_norm.weight", "model.layers.0.input_layernorm.weight"},
      {"blk.31.attn_q.weight", "model.layers.31.self_attn.q_proj.weight"},
      {"blk.1.attn_k.bias", "model.layers.1.self_attn.k_proj.bias"},
      {"blk.1.attn_v.weight", "model.layers.1.self_attn.v_proj.weight"},
      {"blk.1.attn_output.weight", "model.layers.1.self_attn.o_proj.weight"},
      {"blk.1.attn_q_norm.weight", "model.layers.1.self_attn.q_norm.weight"},
      {"blk.1.attn_k_norm.weight", "model.layers.1.self_attn.k_norm.weight"},
      {"blk.1.ffn_gate.weight", "model.layers.1.mlp.gate_proj.weight"},
      {"blk.1.ffn_up.weight", "model.layers.1.mlp.up_proj.weight"},
      {"blk.1.ffn_down.weight", "model.layers.1.mlp.down_proj.weight"},
      {"rope_freqs.weight", "rope_freqs.weight"},
      {"blk.01.attn_q.weight", "blk.01.attn_q.weight"},
      {"blk.-1.attn_q.weight", "blk.-1.attn_q.weight"},
      {"blk.1.attn_q.scale", "blk.1.attn_q.scale"},
      {"blk.1", "blk.1"},
      {"blk.", "blk."}};
  for (const Family family : {Family::kGemma, Family::kGemma3, Family::kLlama, Family::kQwen3}) {
    for (const auto& [from, to] : common) EXPECT_EQ(hugging_face_name(family, from), to);
  }
}

TEST(GgufWeights, NameTheNormOfTheMlpByTheNumberOfNorms) {
  const std::string ffn = "blk.3.ffn_norm.weight", post = "blk.3.post_attention_norm.weight";
  for (const Family family : {Family::kGemma, Family::kLlama, Family::kQwen2}) {
    EXPECT_EQ(hugging_face_name(family, ffn), "model.layers.3.post_attention_layernorm.weight");
    EXPECT_EQ(hugging_face_name(family, post), post);
  }
  for (const Family family : {Family::kGemma2, Family::kGemma3}) {
    EXPECT_EQ(hugging_face_name(family, ffn), "model.layers.3.pre_feedforward_layernorm.weight");
    EXPECT_EQ(hugging_face_name(family, post), "model.layers.3.post_attention_layernorm.weight");
    EXPECT_EQ(hugging_face_name(family, "blk.3.post_ffw_norm.weight"),
              "model.layers.3.post_feedforward_layernorm.weight");
  }
}

TEST(GgufWeights, OfGemmaHaveNormsThatIncludeTheOne) {
  for (const char* gemma : {"gemma", "gemma2", "gemma3"}) {
    const Bytes bytes = writer(gemma).bytes();
    EXPECT_EQ(weights(bytes).norm_gain(), NormGain::kIncludesOne);
  }
  const Bytes bytes = writer("llama").bytes();
  EXPECT_EQ(weights(bytes).norm_gain(), NormGain::kAsTrained);
}

TEST(GgufWeights, ThatWouldShareANameAreRefused) {
  GgufWriter file = writer("qwen2");
  with_tensors(file, {"output.weight", "lm_head.weight"});
  EXPECT_TRUE(refused(file).names("two tensors are 'lm_head.weight'"));
}

// Rows by their number in the order of Hugging Face, as llama.cpp's converter stores them: two heads of six rows.
const std::vector<float> kInterleaved{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11};

TEST(GgufWeights, OfLlamaHaveTheRowsOfQAndKPutInOrder) {
  std::vector<float> rows;
  for (const float row : kInterleaved) rows.insert(rows.end(), {row, row + 0.5f});
  std::vector<float> ordered;
  for (int i = 0; i < 12; ++i) ordered.insert(ordered.end(), {float(i), float(i) + 0.5f});
  GgufWriter file = writer("llama");
  file.key("llama.attention.head_count", 4u).key("llama.attention.head_count_kv", 2u);
  file.tensor("blk.0.attn_q.weight", {1, 24}, "F32", bytes_of(rows));
  file.tensor("blk.0.attn_k.weight", {2, 12}, "F32", bytes_of(rows));
  file.tensor("blk.0.attn_k.bias", {12}, "F32", bytes_of(kInterleaved));
  file.tensor("blk.0.attn_v.weight", {2, 12}, "F32", bytes_of(rows));
  const Bytes bytes = file.bytes();
  GgufWeights source = weights(bytes);
  EXPECT_EQ(values(source.take("model.layers.0.self_attn.k_proj.weight", {12, 2})), ordered);
  EXPECT_EQ(values(source.take("model.layers.0.self_attn.v_proj.weight", {12, 2})), rows);
  const std::vector<float> bias = values(source.take("model.layers.0.self_attn.k_proj.bias"));
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(bias[i], float(i));
  // Four heads of six rows of one value: row 1 of a head comes from its row 2, row 3 from its row 1.
  const std::vector<float> q = values(source.take("model.layers.0.self_attn.q_proj.weight"));
  EXPECT_EQ(q[1], rows[2]);
  EXPECT_EQ(q[3], rows[1]);
  EXPECT_EQ(q[6 + 5], rows[6 + 5]);
  EXPECT_EQ(q[18 + 4], rows[18 + 3]);
}

TEST(GgufWeights, OfOtherFamiliesKeepTheOrderOfTheirRows) {
  for (const std::string family : {"gemma", "gemma3", "qwen2", "qwen3"}) {
    GgufWriter file = writer(family);
    file.key(family + ".attention.head_count", 2u);
    file.tensor("blk.0.attn_q.weight", {1, 12}, "F32", bytes_of(kInterleaved));
    const Bytes bytes = file.bytes();
    EXPECT_EQ(values(weights(bytes).take("model.layers.0.self_attn.q_proj.weight")), kInterleaved);
  }
}

TEST(GgufWeights, OfLlamaWhoseRowsAreNotThoseOfHeadsAreRefused) {
  for (const std::uint32_t heads : {0u, 5u, 12u}) {
    GgufWriter file = writer("llama");
    file.key("llama.attention.head_count", heads).tensor("blk.0.attn_q.weight", {1, 12}, "F32", Bytes(48));
    EXPECT_TRUE(refused(file).names("llama.attention.head_count")) << heads;
  }
}

TEST(GgufWeights, ComeInTheirStoredTypeOrDecoded) {
  Bytes q8 = bytes_of<std::uint16_t>({0x3c00});
  for (int i = 0; i < 32; ++i) q8.push_back(std::byte(i));
  const Bytes q4(18, std::byte{0x3c});  // a scale just above 1
  GgufWriter file = writer("qwen3");
  file.tensor("half", {2}, "F16", bytes_of<std::uint16_t>({0x3c00, 0x4000}));
  file.tensor("brain", {2}, "BF16", bytes_of<std::uint16_t>({0x3f80, 0x4000}));
  file.tensor("q8", {32, 1}, "Q8_0", q8).tensor("q4", {32, 1}, "Q4_0", q4).tensor("q4 alone", {32}, "Q4_0", q4);
  const Bytes bytes = file.bytes();
  GgufWeights source = weights(bytes);
  EXPECT_EQ(source.info("half").dtype, DType::kF16);
  EXPECT_EQ(values(source.take("half")), (std::vector<float>{1, 2}));
  EXPECT_EQ(source.take("brain").dtype(), DType::kBF16);
  EXPECT_EQ(source.info("q8").dtype, DType::kF32);
  EXPECT_EQ(values(source.take("q8", {1, 32}))[31], 31);
  const Constant blocks = source.take("q4"), decoded = source.take("q4 alone");
  EXPECT_TRUE(blocks.blocks());
  EXPECT_FALSE(decoded.blocks());
  EXPECT_EQ(values(blocks), values(decoded));
}

TEST(GgufWeights, OfQ4InLlamaHaveWholeRowsOfBlocksPutInOrder) {
  Bytes rows;
  for (const float row : kInterleaved) {
    append(rows, f16_from_f32(row + 1));
    rows.resize(rows.size() + 16, std::byte{0x99});  // one, everywhere
  }
  GgufWriter file = writer("llama");
  file.key("llama.attention.head_count", 2u).tensor("blk.0.attn_q.weight", {32, 12}, "Q4_0", rows);
  const Bytes bytes = file.bytes();
  const Constant weight = weights(bytes).take("model.layers.0.self_attn.q_proj.weight");
  ASSERT_TRUE(weight.blocks());
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(values(weight)[i * 32], float(i + 1));
}

TEST(GgufWeights, ThatCannotBeDecodedOrAreNotFiniteAreRefusedByName) {
  EXPECT_TRUE(refused(writer("llama").tensor("t", {256}, "Q2_K", Bytes(84))).names("tensor \"t\" is of Q2_K"));
  EXPECT_EQ(refused(writer("llama").tensor("t", {2}, "I32", Bytes(8))).code, ErrorCode::kUnsupported);
  const Bytes bytes = writer("llama").tensor("t", {32, 1}, "Q8_0", Bytes(34, std::byte{0x7c})).bytes();
  EXPECT_TRUE(gguf_refusal([&] { (void)weights(bytes).take("t"); }).names("tensor 't' holds infinities or NaNs"));
}

TEST(GgufWeights, ThatPredictFurtherTokensAreHiddenUnlessAskedFor) {
  const Names all{"a.mtp.weight", "blk.1.attn_norm.weight", "blk.2.attn_norm.weight",
                  "mtp.weight",   "x.mtp_head.weight",      "output_norm.weight"};
  GgufWriter file = writer("qwen3", 3).key("qwen3.nextn_predict_layers", 1u);
  with_tensors(file, all);
  EXPECT_EQ(names_of(file), (Names{"model.layers.1.input_layernorm.weight", "model.norm.weight"}));
  EXPECT_EQ(names_of(file, MtpTensors::kShown).size(), all.size());
  GgufWriter without = writer("qwen3", 3);
  EXPECT_EQ(names_of(with_tensors(without, all)).size(), 3u);
  EXPECT_TRUE(refused(writer("qwen3", 3).key("qwen3.nextn_predict_layers", 3u)).names("nextn_predict_layers 3"));
}

TEST(GgufWeights, OfFilesThatAreNoModelAreRefused) {
  EXPECT_TRUE(refused(GgufWriter()).names("general.architecture is missing"));
  EXPECT_TRUE(refused(writer("gemma3n")).names("general.architecture \"gemma3n\" is unsupported"));
  EXPECT_TRUE(refused(writer("llama").text("general.type", "adapter")).names("adapter"));
  EXPECT_TRUE(refused(writer("llama").key("split.count", std::uint16_t(3))).names("split.count 3"));
  EXPECT_EQ(refused(writer("llama").key("split.count", std::uint16_t(1))).message, "accepted");
}

}  // namespace
}  // namespace kvproof
