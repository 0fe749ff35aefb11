// The configuration of a model from the metadata of a GGUF file.
#pragma once

#include "engine/model/config.h"
#include "engine/model/gguf.h"

namespace kvproof {

// What llama.cpp reads from the same file, its defaults included: among them theta 10000, windows on every second
// layer of Gemma 2 and on five of six of Gemma 3, and a query scale that follows from the sizes, as no key holds it.
// The vocabulary is the embedding's rows; a head is tied and a bias absent where the file has no tensor for it. Scaling
// of RoPE as in Llama 3 is no part of the result: the file has it as factors (WeightSource::take_rope_factors).
// Throws Error: kUnsupported for another architecture and for keys and tensors that change the numbers and are not
// implemented; kMalformed for what is missing, of the wrong type or out of range.
ModelConfig config_from_gguf(const GgufFile& file);

}  // namespace kvproof
