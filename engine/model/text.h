// Words as token ids, and back.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/config.h"

namespace kvproof {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // What a text begins with (the begin token where the model has one), then the text, which may be any bytes.
  // Throws Error: kUnsupported where the model does not say how its vocabulary cuts a text; kResource for a text that
  // is longer than any prompt.
  virtual std::vector<std::int64_t> encode(std::string_view text) const = 0;

  // One token in the middle of a text, for writing as it comes: the bytes may be a part of a character, which is whole
  // only with the next token. Empty for tokens that are no text and for ids that are no tokens.
  virtual std::string decode(std::int64_t id) const = 0;

  // Tokens from the first one of a text on: what decode gives for each, without the space that encode puts before a
  // text where the model was made for it.
  std::string text(std::span<const std::int64_t> ids) const;

 private:
  virtual bool has_leading_space() const { return false; }
};

// A byte is the id byte + 4; 0 to 3 are padding, end, begin and unknown. As the model that ships with the project.
std::unique_ptr<Tokenizer> make_byte_tokenizer(std::int64_t begin);

// The tokenizer of a checkpoint. A GGUF file holds its vocabulary; in a folder tokenizer.model does; a checkpoint that
// has none but the vocabulary of bytes (260 ids) has bytes. Throws Error: kUnsupported that asks for token ids where
// there is none of these; kMalformed or kMismatch for one that is damaged or of another model.
std::unique_ptr<Tokenizer> tokenizer_of(const std::string& path, const ModelConfig& config);

// The token ids in a text file, 0 or more each, with commas, white space or both between them. Throws Error:
// kNotFound, kIo; kMalformed, with the line, for anything else in it and where there is no id.
std::vector<std::int64_t> read_token_ids(const std::string& path);

}  // namespace kvproof
