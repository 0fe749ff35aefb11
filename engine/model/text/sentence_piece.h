// The tokenizer of a checkpoint's folder that has a tokenizer.model, which the library of SentencePiece runs.
#pragma once

#include <memory>
#include <string>

#include "engine/model/config.h"
#include "engine/model/text.h"

namespace kvproof {

// The begin token is config.bos, or what the files beside the model name; add_bos_token and add_eos_token of
// tokenizer_config.json are followed, without which texts get a begin token and no end token. Fewer pieces than
// config.vocab are fine: the other ids are no text. A text spells user-defined pieces, but no control pieces.
// Throws Error: kNotFound, kIo; kMalformed; kMismatch for more pieces than config.vocab and for begin tokens that
// contradict each other; kUnsupported as check_sentence_piece does.
std::unique_ptr<Tokenizer> open_sentence_piece(const std::string& folder, const ModelConfig& config);

}  // namespace kvproof
