// A checkpoint of a wanted size with random weights: what speed is measured on where nothing is to be read.
#pragma once

#include <cstdint>
#include <string>

#include "engine/tensor/dtype.h"

namespace kvproof {

struct RandomCheckpoint {
  std::int64_t bytes = 0;  // of weights, about; 1 MiB to 64 GiB
  DType dtype = DType::kBF16;
};

// "128MiB" or "1GiB,dtype=f32". Throws Error(kUsage).
RandomCheckpoint parse_random_checkpoint(const std::string& text);
std::string str(const RandomCheckpoint& wanted);  // "random-128MiB-bf16"

// Writes config.json and model.safetensors of a model like Gemma 3 into `folder`, which exists: windows in five of six
// layers, tied head. As many layers as come closest to the size, each as wide as lets there be six. Throws Error(kIo).
void write_random_checkpoint(const RandomCheckpoint& wanted, std::uint64_t seed, const std::string& folder);

}  // namespace kvproof
