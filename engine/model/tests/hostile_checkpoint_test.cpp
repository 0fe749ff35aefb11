// Folders that lie: a good checkpoint is damaged in one way each, and the refusal names the tensor, field or file.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/base/tests/temp_folder.h"
#include "engine/model/checkpoint.h"
#include "engine/model/decoder.h"
#include "engine/model/tests/tiny_checkpoint.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;
using enum ErrorCode;

constexpr const char* kK = "model.layers.0.self_attn.k_proj.weight";
constexpr const char* kIndex = "model.safetensors.index.json";

class HostileFolder : public testing::Test {
 protected:
  // A checkpoint in a folder that holds nothing else.
  const fs::path& start(const TinyFolder& parts = {}) {
    fs::remove_all(folder_);
    write_folder(folder_, parts);
    return folder_;
  }
  void expect_refused(const char* damage, ErrorCode code, std::string_view named) {
    SCOPED_TRACE(damage);
    const GgufRefusal refusal = gguf_refusal([&] {
      const Checkpoint checkpoint = open_checkpoint(folder_.string());
      (void)build_decoder(checkpoint.config, *checkpoint.weights);
    });
    EXPECT_EQ(refusal.code, code) << refusal.message;
    EXPECT_TRUE(refusal.names(named)) << named << " is not in: " << refusal.message;
    EXPECT_TRUE(refusal.message == "accepted" || refusal.names(folder_.string())) << refusal.message;
    EXPECT_EQ(refusal.message.find('\n'), std::string::npos) << refusal.message;
  }

 private:
  const TempFolder temporary_;
  const fs::path folder_ = temporary_.path("folder");
};

struct FolderCase {
  const char* damage;
  std::function<void(TinyFolder&)> apply;
  ErrorCode code;
  const char* named;
};

void set_number(TinySafetensors& file, const char* tensor, std::size_t at, float value) {
  std::memcpy(file.data.data() + file[tensor].begin + at * sizeof value, &value, sizeof value);
}

TEST_F(HostileFolder, IsTakenAsLongAsItIsWhole) {
  start();
  expect_refused("none", kUsage, "accepted");
}

const FolderCase kTensorCases[]{
    {"no such tensor", [](auto& f) { f.weights[kK].name = "k"; }, kNotFound, kK},
    {"transposed", [](auto& f) { f.weights[kK].shape = {8, 4}; }, kMismatch, "k_proj.weight' is [8,4]"},
    {"integers", [](auto& f) { f.weights[kK].type = "I32"; }, kUnsupported, "k_proj.weight\" is of i32"},
    {"a type of eight bits",
     [](auto& f) {
       f.weights[kK].type = "F8_E4M3";
       f.weights[kK].shape = {16, 8};
     },
     kUnsupported, "k_proj.weight': dtype F8_E4M3"},
    {"no such type", [](auto& f) { f.weights[kK].type = "F33"; }, kMalformed, "k_proj.weight': dtype 'F33'"},
    {"type and bytes disagree", [](auto& f) { f.weights[kK].type = "F16"; }, kMalformed, kK},
    {"shape and bytes disagree", [](auto& f) { f.weights[kK].shape = {5, 8}; }, kMalformed, kK},
    {"more elements than there are numbers", [](auto& f) { f.weights[kK].shape = {1ull << 62, 1ull << 62}; },
     kMalformed, "k_proj.weight': the shape has"},
    {"a zero hides an absurd size", [](auto& f) { f.weights[kK].shape = {0, 1ull << 62, 1ull << 62}; }, kMalformed, kK},
    {"an extent beyond 63 bits", [](auto& f) { f.weights[kK].shape = {~0ull, 8}; }, kMalformed, kK},
    {"nine dimensions", [](auto& f) { f.weights[kK].shape = Dims(9, 1); }, kMalformed, kK},
    {"ends behind the file", [](auto& f) { f.weights["model.norm.weight"].end += 4; }, kMalformed, "model.norm.weight"},
    {"ends beyond 64 bits", [](auto& f) { f.weights[kK].end = ~0ull; }, kMalformed, kK},
    {"ends before it begins", [](auto& f) { std::swap(f.weights[kK].begin, f.weights[kK].end); }, kMalformed, kK},
    {"overlaps its neighbour",
     [](auto& f) {
       f.weights[kK].begin -= 4;
       f.weights[kK].end -= 4;
     },
     kMalformed, "k_proj.weight': bytes"},
    {"a hole before it",
     [](auto& f) {
       auto& data = f.weights.data;
       data.insert(data.end(), 4, std::byte{});
       f.weights["model.norm.weight"].begin += 4;
       f.weights["model.norm.weight"].end += 4;
     },
     kMalformed, "model.norm.weight': bytes"},
    {"bytes of nobody", [](auto& f) { append(f.weights.data, 0.f); }, kMalformed, "4 bytes at the end"},
    {"a name twice", [](auto& f) { f.weights["model.norm.weight"].name = kK; }, kMalformed, kK},
    {"two names that are one", [](auto& f) { f.weights.add(std::string("language_model.") + kK, {4, 8}); }, kMalformed,
     kK},
    {"a line break in a name", [](auto& f) { f.weights[kK].name += "\n"; }, kNotFound, kK},
};

TEST_F(HostileFolder, IsRefusedForATensorByName) {
  for (const FolderCase& c : kTensorCases) {
    TinyFolder parts;
    c.apply(parts);
    start(parts);
    expect_refused(c.damage, c.code, c.named);
  }
}

TEST_F(HostileFolder, IsRefusedForANumberThatIsNone) {
  using Limits = std::numeric_limits<float>;
  for (const TinyTensor& t : tiny_tensors()) {
    for (const float bad : {Limits::quiet_NaN(), Limits::signaling_NaN(), Limits::infinity(), -Limits::infinity()}) {
      TinyFolder parts;
      set_number(parts.weights, t.name, elements_of(t.shape) - 1, bad);
      start(parts);
      expect_refused("not finite", kMalformed, std::string(t.name) + "' holds infinities or NaNs");
    }
  }
}

const FolderCase kContainerCases[]{
    {"empty", [](auto& f) { f.weights.damage = [](Bytes& b) { b.clear(); }; }, kMalformed, "model.safetensors"},
    {"cut within the length", [](auto& f) { f.weights.damage = [](Bytes& b) { b.resize(7); }; }, kMalformed, "of 7"},
    {"cut within the header", [](auto& f) { f.weights.damage = [](Bytes& b) { b.resize(100); }; }, kMalformed,
     "header of"},
    {"cut within the data", [](auto& f) { f.weights.damage = [](Bytes& b) { b.pop_back(); }; }, kMalformed,
     "model.norm.weight"},
    {"a header of 2^64 - 1 bytes",
     [](auto& f) { f.weights.damage = [](Bytes& b) { std::fill_n(b.begin(), 8, std::byte{0xff}); }; }, kMalformed,
     "header of 18446744073709551615"},
    {"an array for a header", [](auto& f) { f.weights.header = "[]"; }, kMalformed, "begin with '{'"},
    {"a header that ends early", [](auto& f) { f.weights.header = "{\"a\":{\"dtype\":"; }, kMalformed, "not JSON"},
    {"a deep header", [](auto& f) { f.weights.header = "{\"a\":" + std::string(100'000, '['); }, kMalformed,
     "an array"},
    {"a field of its own", [](auto& f) { f.weights.header = R"({"a":{"dtype":"F32","stride":[]}})"; }, kMalformed,
     "'a': key 'stride'"},
    {"a negative offset", [](auto& f) { f.weights.header = R"({"a":{"data_offsets":[-1,4]}})"; }, kMalformed,
     "'a': -1"},
};

TEST_F(HostileFolder, IsRefusedForAFileThatIsNoSafetensors) {
  for (const FolderCase& c : kContainerCases) {
    TinyFolder parts;
    c.apply(parts);
    start(parts);
    expect_refused(c.damage, c.code, c.named);
  }
}

const FolderCase kConfigCases[]{
    {"no object", [](auto& f) { f.config_text = "[]"; }, kMalformed, "config.json: [] is no object"},
    {"no JSON", [](auto& f) { f.config_text = "{\n  \"hidden_size\": 8,\n"; }, kMalformed, "line 3, column 1"},
    {"no UTF-8", [](auto& f) { f.config_text = "{\"model_type\": \"\xff\"}"; }, kMalformed, "line 1, column 17"},
    {"a key twice", [](auto& f) { f.config_text = R"({"hidden_size": 8, "hidden_size": 9})"; }, kMalformed,
     "\"hidden_size\" stands twice"},
    {"a key twice, deep down", [](auto& f) { f.config_text = R"({"a": [{"b": {"c": 1, "c": 1}}]})"; }, kMalformed,
     "\"c\" stands twice"},
    {"deep", [](auto& f) { f.config_text = std::string(1000, '['); }, kMalformed, "nested deeper than 32"},
    {"long", [](auto& f) { f.config_text = "{" + std::string(1 << 20, ' ') + "}"; }, kMalformed,
     "longer than 1048576 bytes"},
    {"a number beyond every range", [](auto& f) { f.config_text = R"({"rope_theta": 1e999})"; }, kMalformed,
     "out of range"},
    {"a text for a number", [](auto& f) { f.config["hidden_size"] = "8"; }, kMalformed, "hidden_size \"8\""},
    {"a fraction for a size", [](auto& f) { f.config["hidden_size"] = 8.5; }, kMalformed, "hidden_size 8.5"},
    {"a size beyond 63 bits", [](auto& f) { f.config["hidden_size"] = ~0ull; }, kMalformed, "hidden_size"},
    {"an absurd size", [](auto& f) { f.config["intermediate_size"] = 1ll << 40; }, kMalformed, "intermediate size"},
    {"a negative size", [](auto& f) { f.config["num_key_value_heads"] = -1; }, kMalformed, "key/value heads"},
    {"no layers", [](auto& f) { f.config["num_hidden_layers"] = 0; }, kMalformed, "num_hidden_layers 0"},
    {"a million layers", [](auto& f) { f.config["num_hidden_layers"] = 1'000'000; }, kMalformed, "num_hidden_layers"},
    {"a layer that is not there", [](auto& f) { f.config["num_hidden_layers"] = 2; }, kNotFound,
     "model.layers.1.input_layernorm.weight"},
    {"fewer layers than none for MTP", [](auto& f) { f.config["num_nextn_predict_layers"] = -1; }, kMalformed,
     "layers for MTP is -1"},
    {"a larger vocabulary", [](auto& f) { f.config["vocab_size"] = 17; }, kMismatch,
     "model.embed_tokens.weight' is [16,8]"},
    {"the largest sizes there are",
     [](auto& f) {
       f.config.update({{"vocab_size", 1 << 30}, {"hidden_size", 1 << 22}, {"intermediate_size", 1 << 22}});
       f.config.update({{"num_attention_heads", 1 << 14}, {"head_dim", 1 << 22}});
     },
     kMismatch, "model.embed_tokens.weight' is [16,8]"},
    {"wide heads of a narrow model",
     [](auto& f) {
       f.config.update({{"num_attention_heads", 1 << 14}, {"num_key_value_heads", 1 << 14}, {"head_dim", 1 << 22}});
     },
     kMismatch, "q_proj.weight' is [8,8]; the model needs [68719476736,8]"},
    {"heads that do not go up", [](auto& f) { f.config["num_attention_heads"] = 3; }, kMalformed,
     "num_attention_heads 3"},
    {"a head that is not tied", [](auto& f) { f.config["tie_word_embeddings"] = false; }, kNotFound,
     "'lm_head.weight'"},
    {"a bias that is not there", [](auto& f) { f.config["mlp_bias"] = true; }, kNotFound, "gate_proj.bias"},
    {"a first token outside the vocabulary", [](auto& f) { f.config["bos_token_id"] = 16; }, kMalformed,
     "bos_token_id is 16"},
    {"a negative last token", [](auto& f) { f.config["eos_token_id"] = {2, -1}; }, kMalformed, "eos_token_id is -1"},
    {"an epsilon below zero", [](auto& f) { f.config["rms_norm_eps"] = -1e-5; }, kMalformed, "epsilon"},
};

TEST_F(HostileFolder, IsRefusedForItsConfiguration) {
  for (const FolderCase& c : kConfigCases) {
    TinyFolder parts;
    c.apply(parts);
    start(parts);
    expect_refused(c.damage, c.code, c.named);
  }
}

TEST_F(HostileFolder, IsRefusedWhereAFileIsMissingOrNone) {
  for (const char* name : {"config.json", "model.safetensors"}) {
    fs::path file = start() / name;
    fs::remove(file);
    expect_refused("missing", kNotFound, name);
    fs::create_directory(file);
    expect_refused("a folder", kIo, name);
    fs::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    expect_refused("a pipe", kIo, name);
    fs::remove(file);
    fs::create_symlink("nowhere", file);
    expect_refused("a link to nothing", kNotFound, name);
  }
  fs::remove_all(start());
  expect_refused("nothing", kNotFound, "expected a folder");
}

// The tensors in two shards, and what an honest index says of them.
nlohmann::json write_shards(const fs::path& folder) {
  fs::remove(folder / "model.safetensors");
  nlohmann::json map;
  TinySafetensors shards[2];
  const char* const names[]{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
  for (const TinyTensor& t : tiny_tensors()) {
    const std::size_t shard = map.size() % 2;
    shards[shard].add(t.name, t.shape);
    map[t.name] = names[shard];
  }
  for (const std::size_t i : {0, 1}) write_bytes(folder / names[i], shards[i].bytes());
  return map;
}

TEST_F(HostileFolder, IsRefusedForShardsAndAnIndexThatDisagree) {
  struct Case {
    const char* damage;
    std::function<void(const fs::path&, nlohmann::json& map)> apply;
    ErrorCode code;
    const char* named;
  };
  const std::string first = "model-00001-of-00002.safetensors", second = "model-00002-of-00002.safetensors";
  const Case cases[]{
      {"none", [](auto&, auto&) {}, kUsage, "accepted"},
      {"a shard is missing", [&](auto& folder, auto&) { fs::remove(folder / second); }, kNotFound, second.c_str()},
      {"a shard is empty", [&](auto& folder, auto&) { write_text(folder / second, ""); }, kMalformed, second.c_str()},
      {"a shard is a folder",
       [&](auto& folder, auto&) {
         fs::remove(folder / second);
         fs::create_directory(folder / second);
       },
       kIo, second.c_str()},
      {"a shard is not named",
       [&](auto& folder, auto&) { fs::copy_file(folder / first, folder / "model-00003-of-00003.safetensors"); },
       kMalformed, "model-00003-of-00003.safetensors"},
      {"a shard above the folder", [](auto&, auto& map) { map[kK] = "../model-00001-of-00002.safetensors"; },
       kMalformed, "\"../model-00001-of-00002.safetensors\"; expected a name"},
      {"a shard anywhere", [&](auto& folder, auto& map) { map[kK] = (folder / first).string(); }, kMalformed,
       "without a folder"},
      {"a tensor in another shard", [&](auto&, auto& map) { map[kK] = map[kK] == first ? second : first; }, kMalformed,
       kK},
      {"a tensor in no shard", [&](auto&, auto& map) { map["model.layers.1.x.weight"] = first; }, kMalformed,
       "model.layers.1.x.weight"},
      {"a tensor the index does not know", [](auto&, auto& map) { map.erase(kK); }, kMalformed, kK},
      {"a number for a shard", [](auto&, auto& map) { map[kK] = 2; }, kMalformed, kK},
  };
  for (const Case& c : cases) {
    const fs::path folder = start();
    nlohmann::json map = write_shards(folder);
    c.apply(folder, map);
    write_text(folder / kIndex, nlohmann::json{{"weight_map", map}}.dump());
    expect_refused(c.damage, c.code, c.named);
  }
  const fs::path folder = start();
  write_shards(folder);
  write_text(folder / kIndex, R"({"weight_map": {"a": "a.safetensors", "a": "b.safetensors"}})");
  expect_refused("a tensor in two shards", kMalformed, "\"a\" stands twice");
}

TEST_F(HostileFolder, MayHoldFilesThatAreNoShardsOfIt) {
  const fs::path folder = start();
  write_text(folder / kIndex, nlohmann::json{{"weight_map", write_shards(folder)}}.dump());
  for (const char* name : {"consolidated.safetensors", "model-of-.safetensors", "model-1-of-x.safetensors", "x.bin"}) {
    write_text(folder / name, "no safetensors");
  }
  expect_refused("none", kUsage, "accepted");
}

}  // namespace
}  // namespace kvproof
