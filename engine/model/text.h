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
  // What a text begins with (the begin token where the model has one), then the text.
  virtual std::vector<std::int64_t> encode(std::string_view text) const = 0;
  // One token as text; empty for tokens that are no text.
  virtual std::string decode(std::int64_t id) const = 0;
};

// A byte is the id byte + 4; 0 to 3 are padding, end, begin and unknown. As the model that ships with the project.
std::unique_ptr<Tokenizer> make_byte_tokenizer(std::int64_t begin);

// The tokenizer of a checkpoint's folder: bytes where the vocabulary is that of bytes (260 ids) and the folder has no
// tokenizer of its own. Throws Error(kUnsupported) that asks for ids otherwise.
std::unique_ptr<Tokenizer> tokenizer_of(const std::string& folder, const ModelConfig& config);

}  // namespace kvproof
