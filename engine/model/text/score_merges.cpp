#include "engine/model/text/score_merges.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/base/error.h"
#include "engine/model/text/gguf_vocabulary.h"
#include "engine/model/text/merge.h"
#include "engine/model/text/pieces.h"
#include "engine/model/text/utf8.h"

namespace kvproof {
namespace {

using Type = GgufVocabulary::Type;
using Ids = std::vector<std::int64_t>;

std::vector<double> read_scores(const GgufMetadata& metadata, std::size_t tokens) {
  const std::string key = "tokenizer.ggml.scores";
  const GgufArray* array = gguf_array(metadata, key);
  const auto* scores = array ? array->of<double>() : nullptr;
  if (!scores || scores->size() != tokens) metadata.malformed(key, std::to_string(tokens) + " scores");
  for (const double score : *scores) {
    if (std::isnan(score)) metadata.malformed(key, "numbers");
  }
  return *scores;
}

class ScoreMergeTokenizer final : public Tokenizer {
 public:
  ScoreMergeTokenizer(const GgufMetadata& metadata, std::int64_t rows)
      : words_(read_gguf_vocabulary(metadata, rows, true)),
        scores_(read_scores(metadata, words_.tokens.size())),
        leading_space_(metadata.boolean("tokenizer.ggml.add_space_prefix").value_or(true)),
        control_(words_.spelled({Type::kControl})) {
    if (metadata.boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false)) {
      metadata.unsupported("tokenizer.ggml.remove_extra_whitespaces", "false");
    }
    index_tokens();
    if (!has_bytes_ && unknown_ < 0) {
      metadata.malformed("tokenizer.ggml.token_type", "a token for every byte, or an unknown one");
    }
  }

  Ids encode(std::string_view text) const override {
    Ids ids;
    control_.cut(
        text, [&](std::string_view part) { encode_part(part, ids); }, [&](std::int64_t id) { ids.push_back(id); });
    words_.frame.put_around(ids);
    return ids;
  }

  std::string decode(std::int64_t id) const override {
    if (id < 0 || id >= std::int64_t(words_.tokens.size())) return "";
    const std::string& token = words_.tokens[std::size_t(id)];
    switch (words_.types[std::size_t(id)]) {
      case Type::kNormal:
      case Type::kUserDefined:
        return with_spaces(token);
      case Type::kByte:
        if (const auto byte = byte_piece(token)) return {char(*byte)};
        return "";
      case Type::kUnknown:
      case Type::kControl:
      case Type::kUnused:
        break;
    }
    return "";
  }

 private:
  bool has_leading_space() const override { return leading_space_; }

  void index_tokens() {
    bytes_.fill(-1);
    std::vector<std::pair<std::string, std::int64_t>> user_defined;
    for (std::size_t i = 0; i < words_.tokens.size(); ++i) {
      const auto id = std::int64_t(i);
      const std::string& token = words_.tokens[i];
      const auto byte = words_.types[i] == Type::kByte ? byte_piece(token) : std::nullopt;
      if (byte) bytes_[*byte] = id;
      if (words_.types[i] == Type::kUnknown && unknown_ < 0) unknown_ = id;
      // A converter may have written the spaces of such a token as they are.
      if (words_.types[i] == Type::kUserDefined && !token.empty()) {
        user_defined.emplace_back(with_visible_spaces(token), id);
      }
    }
    user_defined_ = SpelledTokens(std::move(user_defined));
    has_bytes_ = std::ranges::find(bytes_, -1) == bytes_.end();
  }

  std::optional<std::int64_t> piece(std::string_view text) const {
    const auto id = words_.find(text);
    return id && words_.types[std::size_t(*id)] == Type::kNormal ? id : std::nullopt;
  }

  std::vector<Symbol> characters_of(std::string_view text) const {
    std::vector<Symbol> symbols;
    for (std::size_t at = 0; at < text.size(); at += symbols.back().size) {
      if (const auto found = user_defined_.at(text, at)) {
        symbols.push_back({at, found->size, found->id, true});
      } else {
        const std::size_t size = std::max<std::size_t>(1, utf8_character(text.substr(at)));
        symbols.push_back({at, size, piece(text.substr(at, size)).value_or(-1), false});
      }
    }
    return symbols;
  }

  void encode_part(std::string_view part, Ids& ids) const {
    const std::string spaced = (leading_space_ ? std::string(kVisibleSpace) : "") + with_visible_spaces(part);
    const std::string_view text = spaced;
    const auto pair_of = [&](const Symbol& left, const Symbol& right) -> std::optional<Merge> {
      const auto id = piece(text.substr(left.begin, left.size + right.size));
      return id ? std::optional<Merge>({-scores_[std::size_t(*id)], *id}) : std::nullopt;
    };
    bool after_unknown = false;
    for (const Symbol& symbol : merge_neighbours(characters_of(text), pair_of)) {
      const bool unknown = symbol.id < 0;
      if (!unknown) {
        ids.push_back(symbol.id);
      } else if (has_bytes_) {
        for (const char c : text.substr(symbol.begin, symbol.size))
          ids.push_back(bytes_[static_cast<unsigned char>(c)]);
      } else if (!after_unknown) {
        ids.push_back(unknown_);  // one for all that are side by side
      }
      after_unknown = unknown;
    }
  }

  const GgufVocabulary words_;
  const std::vector<double> scores_;
  const bool leading_space_;
  const SpelledTokens control_;
  SpelledTokens user_defined_;
  std::array<std::int64_t, 256> bytes_{};  // the token of each byte, -1 where there is none
  bool has_bytes_ = false;                 // of all 256
  std::int64_t unknown_ = -1;
};

}  // namespace

std::unique_ptr<Tokenizer> make_score_merge_tokenizer(const GgufMetadata& metadata, std::int64_t rows) {
  return std::make_unique<ScoreMergeTokenizer>(metadata, rows);
}

}  // namespace kvproof
