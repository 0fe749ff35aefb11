// Where builders take weights from: one interface for every format of checkpoint.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/tensor/constant.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {

// What the gain of a norm is where the family's norms multiply by 1 + w (ModelConfig::norm_adds_one): w itself, as it
// was trained, or 1 + w already, as GGUF files have it. Nobody subtracts: whoever builds adds 1 to kAsTrained only.
enum class NormGain { kAsTrained, kIncludesOne };

// Tensors that predict further tokens (MTP) and belong to no model that is built here: whether a source has them.
enum class MtpTensors { kHidden, kShown };

// Tensors under the names and in the shapes of a Hugging Face checkpoint ("model.layers.0.self_attn.q_proj.weight",
// [out,in], halves of a rotated head behind each other), whatever the file calls them and however it orders their rows.
// Each is taken once, by one thread at a time: a second time is an error, and so nothing is loaded twice and what
// nobody took can be told. All errors name the file and the tensor.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  WeightSource(const WeightSource&) = delete;
  WeightSource& operator=(const WeightSource&) = delete;

  const std::string& label() const { return label_; }  // of the file or folder, for messages
  NormGain norm_gain() const { return norm_gain_; }

  // Whether there is such a tensor, taken or not.
  bool has(const std::string& name) const { return entries_.contains(name); }
  // Type and shape of the elements (f32 for blocks of quantised values), without loading them. Throws Error(kNotFound).
  TensorInfo info(const std::string& name) const;

  // The tensor in the type it is stored in. It is a copy, with large pages and with what kernels may read behind it, so
  // that the source may go. Throws Error: kNotFound; kMismatch if it
  // was taken before or has not the shape given; kMalformed if an element is infinite or not a number. A tensor that
  // was refused counts as not taken.
  Constant take(const std::string& name, const Shape& shape);
  Constant take(const std::string& name);

  // What each RoPE frequency is divided by, head_dim / 2 positive factors, where the file brings them
  // ("rope_freqs.weight"); empty where it does not. Throws Error(kMismatch) for another number of them,
  // Error(kMalformed) for one that is not positive; takes the tensor.
  std::vector<float> take_rope_factors(std::int64_t head_dim);

  // What nobody has taken, in order.
  std::vector<std::string> unused() const;

 protected:
  WeightSource(std::string label, NormGain norm_gain) : label_(std::move(label)), norm_gain_(norm_gain) {}
  // Announces a tensor. Throws Error(kMalformed) if there is one of that name.
  void add(const std::string& name, const TensorInfo& info);
  // Its elements; called only for names that were added, with the shape announced.
  virtual Constant load(const std::string& name) const = 0;

 private:
  struct Entry {
    TensorInfo info;
    bool taken = false;
  };
  const Entry& find(const std::string& name) const;

  std::string label_;
  NormGain norm_gain_;
  std::map<std::string, Entry> entries_;
};

}  // namespace kvproof
