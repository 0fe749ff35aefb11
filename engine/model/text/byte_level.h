// The tokenizer of a GGUF file with a byte-level vocabulary: tokens and an ordered list of merges.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/model/gguf_metadata.h"
#include "engine/model/text.h"

namespace kvproof {

// tokenizer.ggml.model "gpt2". A text is cut as tokenizer.ggml.pre says; in each piece the neighbours that come first
// in the list of merges are joined, beginning with bytes. A piece that is a token as it stands is that token in
// vocabularies of Llama 3. Control and user-defined tokens that a text spells are these tokens, and cut it. Texts are
// taken as they are, in no normal form of Unicode. Throws Error as read_gguf_vocabulary does, and kMalformed for merges
// of what are no tokens. A vocabulary that is cut in a way that is not known, or that lacks bytes, decodes; encode
// throws Error(kUnsupported).
std::unique_ptr<Tokenizer> make_byte_level_tokenizer(const GgufMetadata& metadata, std::int64_t rows);

}  // namespace kvproof
