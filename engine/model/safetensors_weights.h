// The weights of a Hugging Face checkpoint: one safetensors file, or several with an index.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/weight_source.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {

// Tensors of F32, F16 or BF16. The text model of a Gemma 3 with images stands under the names of the text model alone:
// a prefix "language_model." is left out, and so are the tensors of the image tower and its projector. Tables that
// every reader computes for itself ("...rotary_emb.inv_freq") are left out, too, and so are, unless they are asked for,
// tensors that predict further tokens.
class SafetensorsWeights : public WeightSource {
 public:
  // `path` is a file, an index (model.safetensors.index.json), or a folder with model.safetensors or, where that is
  // not there, with the index. Shards are mapped, not read; memory that a taken tensor was copied from is given back.
  // Throws Error: kNotFound for the folder, the index or a shard; kIo; kMalformed for a file that contradicts itself or
  // the index (a shard outside the folder or one that is not named, a tensor in another shard, in two, or in none),
  // kUnsupported for other types of elements.
  explicit SafetensorsWeights(const std::string& path, MtpTensors mtp = MtpTensors::kHidden)
      : SafetensorsWeights(path, mtp, std::nullopt) {}
  // The layer `first_mtp` and those behind it predict further tokens, whatever their tensors are called.
  SafetensorsWeights(const std::string& path, MtpTensors mtp, std::optional<std::int64_t> first_mtp);
  // Of a single file that is open already.
  explicit SafetensorsWeights(SafetensorsFile file, MtpTensors mtp = MtpTensors::kHidden,
                              std::optional<std::int64_t> first_mtp = std::nullopt);

 private:
  struct Place {
    std::size_t shard;
    std::string name;  // in the file
  };
  void open_index(const std::string& path);
  void add_shard(SafetensorsFile file);
  bool is_hidden(const std::string& name) const;
  Constant load(const std::string& name) const override;

  const MtpTensors mtp_;
  const std::optional<std::int64_t> first_mtp_;
  std::vector<SafetensorsFile> shards_;
  std::map<std::string, Place> places_;  // by the names of this source
};

}  // namespace kvproof
