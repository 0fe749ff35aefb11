// Weights from safetensors: one file, shards with an index, and indices that lie.
#include "engine/model/safetensors_weights.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

constexpr const char* kIndex = "model.safetensors.index.json";

// n, n + 1, ...: exact in every type as long as they stay below 256.
Tensor counting(DType type, const Shape& shape, float from) {
  Tensor tensor(DType::kF32, shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) tensor.as<float>()[i] = from + float(i);
  return to_dtype(tensor, type);
}

std::vector<float> values(const Constant& constant) {
  const Tensor wide = to_dtype(*constant.tensor(), DType::kF32);
  return {wide.as<float>(), wide.as<float>() + wide.shape().elements()};
}

struct Refusal {
  ErrorCode code = ErrorCode::kUsage;
  std::string message = "accepted";

  bool names(const std::string& part) const { return message.find(part) != std::string::npos; }
};

Refusal refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return {error.code(), error.what()};
  }
  return {};
}

// A folder of its own that goes when the test ends.
class Weights : public testing::Test {
 protected:
  Weights() { std::filesystem::create_directories(folder_); }
  ~Weights() override { std::filesystem::remove_all(folder_); }

  const std::string& folder() const { return folder_; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  void write(const std::string& file, const Names& names, DType type = DType::kF32) const {
    std::vector<NamedTensor> tensors;
    for (const std::string& name : names) tensors.push_back({name, counting(type, {2, 3}, float(tensors.size()))});
    write_safetensors(path(file), tensors);
  }
  void write_index(const json& weight_map) const {
    write_text(kIndex, json{{"metadata", {{"total_size", 1e9}}}, {"weight_map", weight_map}}.dump());
  }
  void write_text(const std::string& file, const std::string& text) const {
    std::ofstream(path(file), std::ios::binary) << text;
  }
  // Two shards of two tensors, and what an honest index says of them.
  json write_shards() const {
    write("a.safetensors", {"model.embed_tokens.weight", "model.norm.weight"}, DType::kBF16);
    write("b.safetensors", {"lm_head.weight", "model.layers.0.mlp.up_proj.weight"}, DType::kF16);
    return {{"model.embed_tokens.weight", "a.safetensors"},
            {"model.norm.weight", "a.safetensors"},
            {"lm_head.weight", "b.safetensors"},
            {"model.layers.0.mlp.up_proj.weight", "b.safetensors"}};
  }
  Refusal refused(const json& weight_map) const {
    write_index(weight_map);
    return refusal([this] { SafetensorsWeights{folder_}; });
  }

 private:
  const std::string folder_ =
      testing::TempDir() + "weights_test." + testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(Weights, OfOneFileComeInTheirStoredType) {
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16}) {
    write("model.safetensors", {"a", "b"}, type);
    SafetensorsWeights weights(folder());
    EXPECT_EQ(weights.norm_gain(), NormGain::kAsTrained);
    EXPECT_EQ(weights.info("b").dtype, type);
    EXPECT_EQ(weights.info("b").shape, (Shape{2, 3}));
    const Constant b = weights.take("b", {2, 3});
    EXPECT_EQ(b.dtype(), type);
    EXPECT_EQ(values(b), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  }
}

TEST_F(Weights, ComeFromAFolderAFileOrAnIndex) {
  write("other.safetensors", {"a"});
  EXPECT_TRUE(SafetensorsWeights(path("other.safetensors")).has("a"));
  EXPECT_EQ(refusal([&] { SafetensorsWeights{folder()}; }).code, ErrorCode::kNotFound);
  write_index({{"a", "other.safetensors"}});
  EXPECT_TRUE(SafetensorsWeights(path(kIndex)).has("a"));
  EXPECT_TRUE(SafetensorsWeights(folder()).has("a"));
}

TEST_F(Weights, AreTakenOnce) {
  write("model.safetensors", {"a", "b"});
  SafetensorsWeights weights(folder());
  (void)weights.take("a");
  const Refusal again = refusal([&] { (void)weights.take("a"); });
  EXPECT_EQ(again.code, ErrorCode::kMismatch);
  EXPECT_TRUE(again.names("'a' is taken a second time")) << again.message;
  EXPECT_TRUE(weights.has("a"));
  EXPECT_EQ(weights.unused(), Names{"b"});
}

TEST_F(Weights, ThatAreNotThereAreNamed) {
  write("model.safetensors", {"a", "b"});
  SafetensorsWeights weights(folder());
  const Refusal missing = refusal([&] { (void)weights.take("c"); });
  EXPECT_EQ(missing.code, ErrorCode::kNotFound);
  EXPECT_TRUE(missing.names("'c'")) << missing.message;
  EXPECT_EQ(refusal([&] { (void)weights.info("c"); }).code, ErrorCode::kNotFound);
}

TEST_F(Weights, OfAnotherShapeAreRefusedAndStayUntaken) {
  write("model.safetensors", {"a"});
  SafetensorsWeights weights(folder());
  const Refusal wrong = refusal([&] { (void)weights.take("a", {3, 2}); });
  EXPECT_EQ(wrong.code, ErrorCode::kMismatch);
  EXPECT_TRUE(wrong.names("'a' is [2,3]; the model needs [3,2]")) << wrong.message;
  EXPECT_EQ(weights.unused(), Names{"a"});
  EXPECT_EQ(weights.take("a", {2, 3}).shape(), (Shape{2, 3}));
}

TEST_F(Weights, ThatAreNotFiniteAreRefusedInEveryTypeAndPlace) {
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16}) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
      for (const std::int64_t at : {0, 18, 36}) {
        Tensor tensor = counting(DType::kF32, {37}, 0);
        tensor.as<float>()[at] = bad;
        write_safetensors(path("model.safetensors"), {{"w", to_dtype(tensor, type)}});
        SafetensorsWeights weights(folder());
        const Refusal refused = refusal([&] { (void)weights.take("w"); });
        EXPECT_EQ(refused.code, ErrorCode::kMalformed);
        EXPECT_TRUE(refused.names("'w'")) << refused.message;
      }
    }
  }
}

TEST_F(Weights, OfOtherTypesAreRefusedByName) {
  write_safetensors(path("model.safetensors"), {{"codes", Tensor(DType::kU8, {4})}});
  const Refusal refused = refusal([&] { SafetensorsWeights{folder()}; });
  EXPECT_EQ(refused.code, ErrorCode::kUnsupported);
  EXPECT_TRUE(refused.names("\"codes\" is of u8")) << refused.message;
}

TEST_F(Weights, OfAModelWithImagesHaveTheNamesOfItsTextModel) {
  write("model.safetensors", {"language_model.model.layers.0.input_layernorm.weight",
                              "model.language_model.norm.weight", "language_model.lm_head.weight", "vision_tower.x",
                              "model.multi_modal_projector.y", "model.layers.0.self_attn.rotary_emb.inv_freq"});
  EXPECT_EQ(SafetensorsWeights(folder()).unused(),
            (Names{"lm_head.weight", "model.layers.0.input_layernorm.weight", "model.norm.weight"}));
}

TEST_F(Weights, ThatWouldHaveOneNameAreRefused) {
  write("model.safetensors", {"language_model.model.norm.weight", "model.language_model.norm.weight"});
  const Refusal refused = refusal([&] { SafetensorsWeights{folder()}; });
  EXPECT_EQ(refused.code, ErrorCode::kMalformed);
  EXPECT_TRUE(refused.names("'model.norm.weight'")) << refused.message;
}

TEST_F(Weights, BringRopeFactorsOfTheRightNumberOrNone) {
  write("model.safetensors", {"a"});
  EXPECT_TRUE(SafetensorsWeights(folder()).take_rope_factors(8).empty());
  write_safetensors(path("model.safetensors"), {{"rope_freqs.weight", counting(DType::kF32, {4}, 1)}});
  SafetensorsWeights weights(folder());
  EXPECT_EQ(refusal([&] { (void)weights.take_rope_factors(10); }).code, ErrorCode::kMismatch);
  EXPECT_EQ(weights.take_rope_factors(8), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_TRUE(weights.unused().empty());
  write_safetensors(path("model.safetensors"), {{"rope_freqs.weight", counting(DType::kF32, {4}, 0)}});
  EXPECT_EQ(refusal([&] { (void)SafetensorsWeights(folder()).take_rope_factors(8); }).code, ErrorCode::kMalformed);
}

TEST_F(Weights, OfShardsAreOneModel) {
  write_index(write_shards());
  SafetensorsWeights weights(folder());
  EXPECT_EQ(weights.unused(), (Names{"lm_head.weight", "model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight",
                                     "model.norm.weight"}));
  EXPECT_EQ(weights.info("model.norm.weight").dtype, DType::kBF16);
  EXPECT_EQ(values(weights.take("model.norm.weight")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(weights.take("lm_head.weight").dtype(), DType::kF16);
}

TEST_F(Weights, SurviveTheirSource) {
  // Larger than a page on both sides, so that the copy is not the file any more.
  write_safetensors(path("model.safetensors"),
                    {{"before", counting(DType::kF32, {5000}, 0)}, {"large", counting(DType::kF32, {5000}, 7)}});
  std::vector<Constant> taken;
  {
    SafetensorsWeights weights(folder());
    taken = {weights.take("before"), weights.take("large")};
  }
  EXPECT_EQ(values(taken[0])[4999], 4999);
  EXPECT_EQ(values(taken[1])[4999], 5006);
}

TEST_F(Weights, OfAShardThatIsNotThereAreMissed) {
  json map = write_shards();
  map["model.layers.1.mlp.up_proj.weight"] = "c.safetensors";
  const Refusal refused = this->refused(map);
  EXPECT_EQ(refused.code, ErrorCode::kNotFound);
  EXPECT_TRUE(refused.names("c.safetensors")) << refused.message;
}

TEST_F(Weights, MustStandWhereTheIndexSays) {
  json map = write_shards();
  map["lm_head.weight"] = "a.safetensors";
  const Refusal elsewhere = refused(map);
  EXPECT_EQ(elsewhere.code, ErrorCode::kMalformed);
  EXPECT_TRUE(elsewhere.names("\"lm_head.weight\" is not in a.safetensors")) << elsewhere.message;

  map = write_shards();
  map["model.layers.0.self_attn.q_proj.weight"] = "b.safetensors";
  const Refusal nowhere = refused(map);
  EXPECT_EQ(nowhere.code, ErrorCode::kMalformed);
  EXPECT_TRUE(nowhere.names("self_attn.q_proj.weight\" is not in b.safetensors")) << nowhere.message;

  map = write_shards();
  map.erase("lm_head.weight");
  const Refusal silent = refused(map);
  EXPECT_EQ(silent.code, ErrorCode::kMalformed);
  EXPECT_TRUE(silent.names("\"lm_head.weight\" is in b.safetensors")) << silent.message;
}

TEST_F(Weights, InTwoShardsAreRefused) {
  const json map = write_shards();
  write("b.safetensors", {"lm_head.weight", "model.layers.0.mlp.up_proj.weight", "model.norm.weight"});
  const Refusal refused = this->refused(map);
  EXPECT_EQ(refused.code, ErrorCode::kMalformed);
  EXPECT_TRUE(refused.names("\"model.norm.weight\" is in b.safetensors")) << refused.message;
}

TEST_F(Weights, MustStandInTheFolderOfTheIndex) {
  for (const char* shard : {"../a.safetensors", "/a.safetensors", "sub/a.safetensors", "..", "", ".", "a.bin",
                            "..\\a.safetensors", ".a.safetensors", "model.safetensors.index.json"}) {
    json map = write_shards();
    map["lm_head.weight"] = shard;
    const Refusal refused = this->refused(map);
    EXPECT_EQ(refused.code, ErrorCode::kMalformed) << shard;
    EXPECT_TRUE(refused.names("without a folder")) << refused.message;
  }
}

TEST_F(Weights, NeedAnIndexThatIsOne) {
  for (const char* text :
       {"", "[]", "{}", R"({"weight_map": {}})", R"({"weight_map": []})", R"({"weight_map": {"a": 1}})",
        R"({"weight_map": {"a": "a.safetensors", "a": "b.safetensors"}})", R"({"weight_map": {"a": null}})"}) {
    write_shards();
    write_text(kIndex, text);
    EXPECT_EQ(refusal([&] { SafetensorsWeights{folder()}; }).code, ErrorCode::kMalformed) << text;
  }
}

TEST_F(Weights, OfATruncatedIndexOrShardAreRefused) {
  const json map = write_shards();
  const std::string text = json{{"weight_map", map}}.dump();
  for (std::size_t length = 0; length < text.size(); ++length) {
    write_text(kIndex, text.substr(0, length));
    EXPECT_EQ(refusal([&] { SafetensorsWeights{folder()}; }).code, ErrorCode::kMalformed) << length;
  }
  const auto whole = std::filesystem::file_size(path("b.safetensors"));
  write_index(map);
  for (std::uintmax_t length = 0; length < whole; ++length) {
    write_shards();
    std::filesystem::resize_file(path("b.safetensors"), length);
    EXPECT_EQ(refusal([&] { SafetensorsWeights{folder()}; }).code, ErrorCode::kMalformed) << length;
  }
}

}  // namespace
}  // namespace kvproof
