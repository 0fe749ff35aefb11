// Which models a GGUF file may describe, and what its names for them are.
#pragma once

#include <cstdint>
#include <string>

#include "engine/model/config.h"
#include "engine/model/gguf.h"

namespace kvproof {

// Of general.architecture; llama.cpp's converter gives Mistral the architecture llama, and so a file of it is of that
// family where it has a window and of Llama where it has none. Throws Error: kMalformed if the key is absent,
// kUnsupported for another architecture, for what is no model (an adapter, an image projector), and for one part of a
// file that was split.
Family gguf_family(const GgufMetadata& metadata);

// "gemma3" + "." + key, as keys of the architecture begin.
std::string gguf_key(const GgufMetadata& metadata, const std::string& key);

// How many blocks the model has, and how many more behind them predict further tokens (MTP) and are no part of it.
// Throws Error(kMalformed) where that does not add up.
struct GgufLayers {
  std::int64_t model, further;
};
GgufLayers gguf_layers(const GgufMetadata& metadata);

// The name that a Hugging Face checkpoint has for a tensor; the same where there is none.
std::string hugging_face_name(Family family, const std::string& name);

// Whether a tensor belongs to the prediction of further tokens.
bool is_gguf_mtp(const std::string& name, const GgufLayers& layers);

}  // namespace kvproof
