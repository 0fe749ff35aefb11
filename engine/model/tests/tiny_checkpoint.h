// A Llama of one layer as a checkpoint in parts, for tests that damage one of them before it is written.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/tests/gguf_writer.h"

namespace kvproof {

struct TinyTensor {
  const char* name;  // in a folder
  const char* gguf;  // in a GGUF file
  Dims shape;
};

inline const std::vector<TinyTensor>& tiny_tensors() {
  static const std::vector<TinyTensor> kTensors{
      {"model.embed_tokens.weight", "token_embd.weight", {16, 8}},
      {"model.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight", {8}},
      {"model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight", {8, 8}},
      {"model.layers.0.self_attn.k_proj.weight", "blk.0.attn_k.weight", {4, 8}},
      {"model.layers.0.self_attn.v_proj.weight", "blk.0.attn_v.weight", {4, 8}},
      {"model.layers.0.self_attn.o_proj.weight", "blk.0.attn_output.weight", {8, 8}},
      {"model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight", {8}},
      {"model.layers.0.mlp.gate_proj.weight", "blk.0.ffn_gate.weight", {32, 8}},
      {"model.layers.0.mlp.up_proj.weight", "blk.0.ffn_up.weight", {32, 8}},
      {"model.layers.0.mlp.down_proj.weight", "blk.0.ffn_down.weight", {8, 32}},
      {"model.norm.weight", "output_norm.weight", {8}}};
  return kTensors;
}

inline std::uint64_t elements_of(const Dims& shape) {
  std::uint64_t n = 1;
  for (const std::uint64_t dim : shape) n *= dim;
  return n;
}

// A safetensors file before its header is written.
struct TinySafetensors {
  struct Entry {
    std::string name, type;
    Dims shape;
    std::uint64_t begin, end;
  };
  std::vector<Entry> entries;
  Bytes data;
  std::string header;  // in place of what the entries say; empty: none
  std::function<void(Bytes&)> damage;

  void add(const std::string& name, const Dims& shape) {
    const std::uint64_t bytes = elements_of(shape) * 4, begin = data.size();
    entries.push_back({name, "F32", shape, begin, begin + bytes});
    for (std::uint64_t i = 0; i < bytes / 4; ++i) append(data, 0.25f);
  }
  Entry& operator[](const std::string& name) {
    return *std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
  }
  Bytes bytes() const {
    std::string text = header;
    if (text.empty()) {
      for (const Entry& e : entries) {
        text += (text.empty() ? "{" : ",") + nlohmann::json(e.name).dump() + ":" +
                nlohmann::json{{"dtype", e.type}, {"shape", e.shape}, {"data_offsets", {e.begin, e.end}}}.dump();
      }
      text += "}";
    }
    Bytes file;
    append_text(file, text);
    file.insert(file.end(), data.begin(), data.end());
    if (damage) damage(file);
    return file;
  }
};

// A folder as Hugging Face transformers has it.
struct TinyFolder {
  nlohmann::json config{{"model_type", "llama"},  {"hidden_size", 8},         {"intermediate_size", 32},
                        {"num_hidden_layers", 1}, {"num_attention_heads", 2}, {"num_key_value_heads", 1},
                        {"vocab_size", 16},       {"rms_norm_eps", 1e-5},     {"max_position_embeddings", 64},
                        {"bos_token_id", 1},      {"eos_token_id", 2},        {"tie_word_embeddings", true}};
  std::string config_text;  // in place of `config`; empty: none
  TinySafetensors weights;

  TinyFolder() {
    for (const TinyTensor& t : tiny_tensors()) weights.add(t.name, t.shape);
  }
};

// A GGUF file before it is written.
struct TinyGguf {
  struct Tensor {
    std::string name;
    Dims dims;  // fastest first
    std::uint32_t type;
    std::uint64_t offset;
    Bytes data;
  };
  std::vector<std::pair<std::string, std::uint32_t>> keys{
      {"llama.block_count", 1},           {"llama.context_length", 64},      {"llama.embedding_length", 8},
      {"llama.feed_forward_length", 32},  {"llama.attention.head_count", 2}, {"llama.attention.head_count_kv", 1},
      {"tokenizer.ggml.bos_token_id", 1}, {"tokenizer.ggml.eos_token_id", 2}};
  GgufWriter writer;  // holds what no number is
  std::vector<Tensor> tensors;
  std::function<void(Bytes&)> damage;

  TinyGguf() {
    writer.text("general.architecture", "llama").key("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    std::uint64_t offset = 0;
    for (const TinyTensor& t : tiny_tensors()) {
      const Bytes data = bytes_of(std::vector<float>(elements_of(t.shape), 0.25f));
      tensors.push_back({t.gguf, Dims(t.shape.rbegin(), t.shape.rend()), 0, offset, data});
      offset += (data.size() + 31) / 32 * 32;
    }
  }
  Tensor& operator[](const std::string& name) {
    return *std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.name == name; });
  }
  std::uint32_t& key(const std::string& name) {
    return std::find_if(keys.begin(), keys.end(), [&](const auto& k) { return k.first == name; })->second;
  }
  Bytes bytes() const {
    GgufWriter whole = writer;
    for (const auto& [name, value] : keys) whole.key(name, value);
    for (const Tensor& t : tensors) whole.tensor_at(t.offset, t.name, t.dims, t.type, t.data);
    Bytes file = whole.bytes();
    if (damage) damage(file);
    return file;
  }
};

inline void write_bytes(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
}
inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline void write_folder(const std::filesystem::path& folder, const TinyFolder& parts) {
  std::filesystem::create_directories(folder);
  write_text(folder / "config.json", parts.config_text.empty() ? parts.config.dump() : parts.config_text);
  write_bytes(folder / "model.safetensors", parts.weights.bytes());
}

}  // namespace kvproof
