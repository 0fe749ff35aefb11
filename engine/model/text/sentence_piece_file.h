// What a tokenizer.model says, checked before the library of SentencePiece sees it: that library trusts tables inside
// the file, and memory grows with the number of pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kvproof {

struct SentencePieceFacts {
  std::size_t pieces = 0;
  bool leading_space = true;  // a text begins with a space that is not its own
};

// `bytes` is the whole file, a message of Protocol Buffers; `label` stands for it in messages. Throws Error:
// kMalformed, among others for a piece that is empty, holds a zero or has no finite score; kMismatch for more than
// `most` pieces; kUnsupported for models that put spaces behind words or rewrite what comes out.
SentencePieceFacts check_sentence_piece(std::string_view bytes, const std::string& label, std::size_t most);

}  // namespace kvproof
