// The vocabulary inside a GGUF file: tokens, what each is, and what stands around a text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/model/gguf_metadata.h"
#include "engine/model/text/frame.h"
#include "engine/model/text/spelled_tokens.h"

namespace kvproof {

struct GgufVocabulary {
  enum class Type { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };  // as the format numbers them

  std::vector<std::string> tokens;  // by id; an empty one stands for no text
  std::vector<Type> types;
  std::unordered_map<std::string_view, std::int64_t> ids;  // views into tokens
  TextFrame frame;

  GgufVocabulary() = default;
  GgufVocabulary(GgufVocabulary&&) = default;
  GgufVocabulary& operator=(GgufVocabulary&&) = default;

  std::optional<std::int64_t> find(std::string_view token) const {
    const auto found = ids.find(token);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  }
  // The tokens of some types, to be found in texts.
  SpelledTokens spelled(std::initializer_list<Type> of) const;
};

// `begins`: whether texts have a begin token where the file does not say so. Throws Error: kMalformed, also for two
// equal tokens, for a token of more than 4096 bytes, for an id or a type that does not exist, and if there are not
// `rows` tokens.
GgufVocabulary read_gguf_vocabulary(const GgufMetadata& metadata, std::int64_t rows, bool begins);

// The array under a key; null where the key is absent. Throws Error(kMalformed) for anything else.
const GgufArray* gguf_array(const GgufMetadata& metadata, const std::string& key);

}  // namespace kvproof
