// The tokenizer of a GGUF file whose vocabulary comes from SentencePiece: tokens with scores.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/model/gguf_metadata.h"
#include "engine/model/text.h"

namespace kvproof {

// tokenizer.ggml.model "llama". A text, spaces made visible and one put before it, is cut into characters, of which the
// neighbours whose token has the highest score are joined; a character that is no token becomes the tokens of its
// bytes. User-defined tokens stay whole. A control token that a text spells is that token, and ends what stands before
// it. Throws Error as read_gguf_vocabulary does, and kMalformed for scores that are missing, too few or no numbers.
std::unique_ptr<Tokenizer> make_score_merge_tokenizer(const GgufMetadata& metadata, std::int64_t rows);

}  // namespace kvproof
