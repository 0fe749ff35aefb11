// A model on disk: its configuration and its weights, whatever the format.
#pragma once

#include <memory>
#include <string>

#include "engine/model/config.h"
#include "engine/model/weight_source.h"

namespace kvproof {

struct Checkpoint {
  ModelConfig config;
  std::unique_ptr<WeightSource> weights;
};

// `path` is a GGUF file (its name ends in .gguf), or a folder with config.json and safetensors. Throws Error as the
// readers of these do, and kNotFound or kUsage for what is neither.
Checkpoint open_checkpoint(const std::string& path, MtpTensors mtp = MtpTensors::kHidden);

}  // namespace kvproof
