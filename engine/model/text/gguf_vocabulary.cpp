#include "engine/model/text/gguf_vocabulary.h"

#include <algorithm>
#include <utility>

#include "engine/base/excerpt.h"

namespace kvproof {
namespace {

constexpr std::size_t kMaxToken = 4096;  // bytes
constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kTypes = "tokenizer.ggml.token_type";

using Type = GgufVocabulary::Type;

class Reader {
 public:
  Reader(const GgufMetadata& metadata, std::int64_t rows) : metadata_(metadata), rows_(rows) {}

  GgufVocabulary read(bool begins) {
    read_tokens();
    read_types();
    for (std::size_t id = 0; id < words_.tokens.size(); ++id) add(std::int64_t(id));
    words_.frame.begin = frame_token("tokenizer.ggml.add_bos_token", "tokenizer.ggml.bos_token_id", begins);
    words_.frame.end = frame_token("tokenizer.ggml.add_eos_token", "tokenizer.ggml.eos_token_id", false);
    return std::move(words_);
  }

 private:
  void read_tokens() {
    const GgufArray* array = gguf_array(metadata_, kTokens);
    const auto* tokens = array ? array->of<std::string>() : nullptr;
    if (!tokens) metadata_.malformed(kTokens, "an array of texts");
    check_length(kTokens, tokens->size());
    words_.tokens = *tokens;
  }

  void read_types() {
    words_.types.assign(words_.tokens.size(), Type::kNormal);
    const GgufArray* array = gguf_array(metadata_, kTypes);
    if (!array) return;
    const auto* plain = array->of<std::uint64_t>();
    const auto* with_sign = array->of<std::int64_t>();
    if (!plain && !with_sign) metadata_.malformed(kTypes, "an array of integers");
    check_length(kTypes, array->size());
    for (std::size_t id = 0; id < words_.types.size(); ++id) {
      const std::uint64_t type = plain ? (*plain)[id] : std::uint64_t((*with_sign)[id]);
      if (type < std::uint64_t(Type::kNormal) || type > std::uint64_t(Type::kByte)) {
        metadata_.malformed(kTypes, "1 to 6 for token " + std::to_string(id));
      }
      words_.types[id] = Type(type);
    }
  }

  void add(std::int64_t id) {
    const std::string& token = words_.tokens[std::size_t(id)];
    if (token.size() > kMaxToken) {
      metadata_.malformed(kTokens, "at most " + std::to_string(kMaxToken) + " bytes in token " + std::to_string(id));
    }
    if (token.empty()) return;
    if (const auto [other, added] = words_.ids.try_emplace(token, id); !added) {
      metadata_.malformed(kTokens, "each once, but tokens " + std::to_string(other->second) + " and " +
                                       std::to_string(id) + " are " + excerpt(token));
    }
  }

  std::optional<std::int64_t> frame_token(const char* wanted, const char* key, bool otherwise) const {
    const auto id = metadata_.integer(key);
    if (id && (*id < 0 || *id >= rows_)) metadata_.malformed(key, "an id below " + std::to_string(rows_));
    if (!metadata_.boolean(wanted).value_or(otherwise)) return {};
    if (!id) metadata_.malformed(key, std::string("an id, or ") + wanted + " false");
    return id;
  }

  void check_length(const char* key, std::size_t length) const {
    if (length != std::size_t(rows_)) {
      metadata_.malformed(key, std::to_string(rows_) + ", as the model's embedding has rows");
    }
  }

  const GgufMetadata& metadata_;
  const std::int64_t rows_;
  GgufVocabulary words_;
};

}  // namespace

SpelledTokens GgufVocabulary::spelled(std::initializer_list<Type> of) const {
  std::vector<std::pair<std::string, std::int64_t>> found;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty() && std::ranges::find(of, types[id]) != of.end()) found.emplace_back(tokens[id], id);
  }
  return SpelledTokens(std::move(found));
}

GgufVocabulary read_gguf_vocabulary(const GgufMetadata& metadata, std::int64_t rows, bool begins) {
  return Reader(metadata, rows).read(begins);
}

const GgufArray* gguf_array(const GgufMetadata& metadata, const std::string& key) {
  const GgufValue* value = metadata.find(key);
  if (!value) return nullptr;
  const auto* array = std::get_if<GgufArray>(value);
  if (!array) metadata.malformed(key, "an array");
  return array;
}

}  // namespace kvproof
