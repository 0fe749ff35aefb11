// What a model is, in numbers: everything that a builder of graphs asks about a checkpoint besides its weights.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvproof {

// Gemma 3 is its text model. Gemma 3n, Gemma 4, mixtures of experts and the like are other families, which are refused.
enum class Family { kGemma, kGemma2, kGemma3, kLlama, kMistral, kQwen2, kQwen3 };
enum class Activation { kGeluTanh, kSilu };  // of the gate: down(activation(gate(x)) * up(x))

// How the frequencies theta^(-2j/head_dim) change. kLinear divides each by `factor`. kLlama3 goes by the wavelength
// w = 2 pi / f and the context C = original_positions of the first training: f stays where w < C / high_freq_factor,
// is f / factor where w > C / low_freq_factor, and between them is (1 - t) * f / factor + t * f with
// t = (C / w - low_freq_factor) / (high_freq_factor - low_freq_factor).
struct RopeScaling {
  enum class Kind { kNone, kLinear, kLlama3 };
  Kind kind = Kind::kNone;
  double factor = 1;
  double low_freq_factor = 0;  // this and what follows: kLlama3 only
  double high_freq_factor = 0;
  std::int64_t original_positions = 0;
  friend bool operator==(const RopeScaling&, const RopeScaling&) = default;
};

struct LayerConfig {
  std::int64_t window = 0;  // how many keys a query sees, its own included; 0: all
  double rope_theta = 10'000;
  RopeScaling rope_scaling;
  friend bool operator==(const LayerConfig&, const LayerConfig&) = default;
};

struct ModelConfig {
  Family family = Family::kLlama;

  std::int64_t vocab = 0;
  std::int64_t hidden = 0;
  std::int64_t intermediate = 0;  // width of the gate
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;       // divides heads
  std::int64_t head_dim = 0;       // of Q, K and V; even; heads * head_dim need not be hidden
  std::int64_t max_positions = 0;  // what the model was made for
  std::vector<LayerConfig> layers;
  std::int64_t further_layers = 0;  // behind those in the file: they predict further tokens (MTP) and are not built

  Activation activation = Activation::kSilu;
  double rms_eps = 1e-6;       // inside the root
  bool norm_adds_one = false;  // the gain of a norm is 1 + w, the norms of Q and K included; see NormGain
  bool four_norms = false;     // attention and MLP are normed behind, too, before each is added
  bool qk_norm = false;        // Q and K are normed per head before they are rotated
  bool qkv_bias = false;
  bool output_bias = false;  // of the projection behind attention
  bool mlp_bias = false;     // of gate, up and down
  bool tied_head = false;    // the head is the (unscaled) embedding

  double embedding_scale = 1;    // of an embedded row; unrounded: a run in 16 bits rounds it to its own type
  double query_scale = 0;        // scores are (q . k) * query_scale
  double attention_softcap = 0;  // 0: none; else cap * tanh(score / cap), before the mask
  double final_softcap = 0;      // 0: none; likewise of the logits

  std::optional<std::int64_t> bos;
  std::vector<std::int64_t> eos;  // any of them ends a text

  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};

// Beyond any model. Readers ask before they make room for layers.
inline constexpr std::int64_t kMaxLayers = 4096;

std::string_view name_of(Family family);  // "gemma", "gemma2", ..., as config.json and GGUF spell the architecture

// What the family fixes by itself: norms, activation, biases, head, window of no layer. Sizes, layers, the scales and
// the tokens stay as they are by default.
ModelConfig config_of(Family family);

// Whether attention in a layer of Gemma 2 or 3 is local where the file does not say so: every second (`pattern` 2) or
// sixth (6) layer sees all, which are those with (layer + 1) % pattern == 0.
bool is_local_by_pattern(std::int64_t layer, std::int64_t pattern);

// Throws Error(kMalformed), naming the field, where sizes are absent, absurd or do not go together. Both readers end
// with it. `label` stands for the file in messages.
void check_config(const ModelConfig& config, const std::string& label);

// From the text of a config.json as Hugging Face transformers writes it: the old form (rope_theta, rope_scaling,
// rope_local_base_freq, sliding_window_pattern) and the new one (rope_parameters, layer_types), the text model of a
// Gemma 3 with images (text_config). What is absent has the value that transformers gives it, where published files
// rely on that. Throws Error: kUnsupported for another architecture and for what changes the numbers and is not
// implemented, with field and value; kMalformed for what is missing, of the wrong type or out of range. Fields that
// transformers itself does not read for the family are passed over.
ModelConfig parse_config_json(std::string_view text, const std::string& label);

// The same from a file, or from the config.json of a folder. Throws Error(kNotFound, kIo), too.
ModelConfig read_config_json(const std::string& path);

}  // namespace kvproof
