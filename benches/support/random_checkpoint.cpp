#include "benches/support/random_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/parallel.h"
#include "engine/base/random.h"
#include "engine/tensor/half.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {
namespace {

constexpr std::int64_t kHeadDim = 128, kWindow = 512, kPattern = 6;
constexpr std::array<std::int64_t, 11> kWidths = {4096, 3072, 2048, 1536, 1024, 768, 512, 256, 128, 64, 32};

// The sizes of a model, all of them multiples of its width.
struct Sizes {
  std::int64_t hidden, layers = 0;
  std::int64_t vocab() const { return 16 * hidden; }
  std::int64_t intermediate() const { return 4 * hidden; }
  std::int64_t head_dim() const { return std::min(kHeadDim, hidden / 4); }
  std::int64_t heads() const { return hidden / head_dim(); }
  std::int64_t kv_heads() const { return heads() / 2; }
  std::int64_t table() const { return vocab() * hidden; }
  std::int64_t layer() const { return 3 * hidden * hidden + 3 * hidden * intermediate(); }  // without the norms
};

Sizes sizes_for(std::int64_t elements) {
  Sizes sizes{kWidths.back()};
  for (const std::int64_t hidden : kWidths) {
    sizes.hidden = hidden;
    if (sizes.table() + kPattern * sizes.layer() <= elements + sizes.layer() / 2) break;
  }
  sizes.layers = (elements - sizes.table() + sizes.layer() / 2) / sizes.layer();
  return sizes;
}

nlohmann::json config_of(const Sizes& s) {
  return {{"architectures", {"Gemma3ForCausalLM"}},
          {"model_type", "gemma3_text"},
          {"vocab_size", s.vocab()},
          {"hidden_size", s.hidden},
          {"intermediate_size", s.intermediate()},
          {"num_hidden_layers", s.layers},
          {"num_attention_heads", s.heads()},
          {"num_key_value_heads", s.kv_heads()},
          {"head_dim", s.head_dim()},
          {"max_position_embeddings", 131072},
          {"rms_norm_eps", 1e-6},
          {"query_pre_attn_scalar", s.head_dim()},
          {"sliding_window", kWindow},
          {"sliding_window_pattern", kPattern},
          {"rope_theta", 1e6},
          {"rope_local_base_freq", 1e4},
          {"hidden_activation", "gelu_pytorch_tanh"},
          {"tie_word_embeddings", true},
          {"attention_bias", false},
          {"eos_token_id", 1},
          {"bos_token_id", 2}};
}

class TensorMaker {
 public:
  TensorMaker(DType dtype, std::uint64_t seed) : dtype_(dtype), seed_(seed) {}

  // Uniform, of standard deviation `scale`; every row from a stream of its own.
  void add(const std::string& name, std::int64_t rows, std::int64_t columns, double scale) {
    Tensor tensor(dtype_, {rows, columns});
    const std::size_t row_bytes = std::size_t(columns) * size_of(dtype_);
    const std::uint64_t seed = hash_name(name, seed_);
    parallel_for(rows, 16, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> row(static_cast<std::size_t>(columns));
      for (std::int64_t i = begin; i < end; ++i) {
        Random random(seed + std::uint64_t(i));
        for (float& x : row) x = float((random.uniform() - 0.5) * std::sqrt(12.0) * scale);
        from_f32(dtype_, row.data(), columns, tensor.view().data + std::size_t(i) * row_bytes);
      }
    });
    made_.push_back({name, std::move(tensor)});
  }
  // The gain of a norm, of which 1 is no part.
  void add_gain(const std::string& name, std::int64_t width) {
    add(name, 1, width, 0.1);
    Tensor& gain = made_.back().tensor;
    gain = Tensor(dtype_, {width}, gain.release());
  }
  const std::vector<NamedTensor>& made() const { return made_; }

 private:
  const DType dtype_;
  const std::uint64_t seed_;
  std::vector<NamedTensor> made_;
};

void add_layer(TensorMaker& tensors, const Sizes& s, const std::string& prefix) {
  const auto matrix = [&](const char* name, std::int64_t out, std::int64_t in) {
    tensors.add(prefix + name + "_proj.weight", out, in, 1 / std::sqrt(double(in)));
  };
  const std::int64_t q = s.heads() * s.head_dim(), kv = s.kv_heads() * s.head_dim();
  matrix("self_attn.q", q, s.hidden);
  matrix("self_attn.k", kv, s.hidden);
  matrix("self_attn.v", kv, s.hidden);
  matrix("self_attn.o", s.hidden, q);
  matrix("mlp.gate", s.intermediate(), s.hidden);
  matrix("mlp.up", s.intermediate(), s.hidden);
  matrix("mlp.down", s.hidden, s.intermediate());
  for (const char* name : {"self_attn.q_norm", "self_attn.k_norm"}) {
    tensors.add_gain(prefix + name + ".weight", s.head_dim());
  }
  for (const char* name :
       {"input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"}) {
    tensors.add_gain(prefix + name + ".weight", s.hidden);
  }
}

std::int64_t parse_bytes(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, std::size_t(text.data() + text.size() - end));
  const int shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : -1;
  constexpr std::int64_t kLeast = std::int64_t(1) << 20, kMost = std::int64_t(64) << 30;
  const bool fits = error == std::errc() && shift > 0 && number > 0 && number <= kMost >> shift;
  if (fits && number << shift >= kLeast) return number << shift;
  throw Error(ErrorCode::kUsage, fmt::format("--random-checkpoint '{}': expected 1MiB to 64GiB, as in 128MiB", text));
}

}  // namespace

RandomCheckpoint parse_random_checkpoint(const std::string& text) {
  const std::size_t comma = text.find(',');
  RandomCheckpoint wanted{.bytes = parse_bytes(std::string_view(text).substr(0, comma))};
  if (comma == std::string::npos) return wanted;
  constexpr std::string_view kKey = "dtype=";
  const std::string rest = text.substr(comma + 1);
  if (rest.starts_with(kKey)) wanted.dtype = parse_dtype(rest.substr(kKey.size()));
  if (!rest.starts_with(kKey) || !is_float(wanted.dtype)) {
    throw Error(ErrorCode::kUsage, fmt::format("--random-checkpoint '{}': expected dtype=bf16, f16 or f32", text));
  }
  return wanted;
}

std::string str(const RandomCheckpoint& wanted) {
  const std::int64_t kib = wanted.bytes >> 10;
  const bool whole = kib % 1024 == 0;
  return fmt::format("random-{}{}-{}", whole ? kib / 1024 : kib, whole ? "MiB" : "KiB", name_of(wanted.dtype));
}

void write_random_checkpoint(const RandomCheckpoint& wanted, std::uint64_t seed, const std::string& folder) {
  const Sizes sizes = sizes_for(wanted.bytes / std::int64_t(size_of(wanted.dtype)));
  const std::string config = folder + "/config.json";
  std::ofstream out(config);
  out << config_of(sizes).dump(2) << '\n';
  out.close();
  if (!out) throw Error(ErrorCode::kIo, config + ": cannot be written");
  TensorMaker tensors(wanted.dtype, seed);
  tensors.add("model.embed_tokens.weight", sizes.vocab(), sizes.hidden, 1 / std::sqrt(double(sizes.hidden)));
  for (std::int64_t i = 0; i < sizes.layers; ++i) add_layer(tensors, sizes, fmt::format("model.layers.{}.", i));
  tensors.add_gain("model.norm.weight", sizes.hidden);
  write_safetensors(folder + "/model.safetensors", tensors.made());
}

}  // namespace kvproof
