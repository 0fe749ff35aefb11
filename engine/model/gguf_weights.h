// The weights of a GGUF file, under the names and in the order of a Hugging Face checkpoint.
#pragma once

#include <map>
#include <string>

#include "engine/model/gguf.h"
#include "engine/model/weight_source.h"

namespace kvproof {

// F32, F16 and BF16 come as they are stored, Q4_0 in its blocks, other quantised types decoded to f32. The gains of
// Gemma's norms include the one (NormGain::kIncludesOne). In files of the architecture llama the rows of Q and K come
// in the order of Hugging Face, which llama.cpp's converter interleaves: there, pairs that rotate together lie side by
// side. Names that nobody knows stay as they are, rope_freqs.weight among them.
class GgufWeights : public WeightSource {
 public:
  // Throws Error: as gguf_family; kUnsupported for a tensor of a type that cannot be decoded; kMalformed where two
  // tensors have one name, or where rows of Q or K are not those of the heads.
  explicit GgufWeights(GgufFile file, MtpTensors mtp = MtpTensors::kHidden);
  explicit GgufWeights(const std::string& path, MtpTensors mtp = MtpTensors::kHidden)
      : GgufWeights(GgufFile::open(path), mtp) {}

 private:
  struct Place {
    const GgufTensor* tensor;
    std::int64_t interleaved_heads;  // whose rows are to be put in order; 0: none
  };
  Constant load(const std::string& name) const override;
  Place find_place(const std::string& name, const GgufTensor& tensor) const;

  GgufFile file_;
  std::map<std::string, Place> places_;  // by the names of this source
};

}  // namespace kvproof
