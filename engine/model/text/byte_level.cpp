#include "engine/model/text/byte_level.h"

#include <array>
#include <unordered_map>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/model/text/byte_alphabet.h"
#include "engine/model/text/gguf_vocabulary.h"
#include "engine/model/text/merge.h"
#include "engine/model/text/pre_tokens.h"

namespace kvproof {
namespace {

using Type = GgufVocabulary::Type;
using Ids = std::vector<std::int64_t>;

constexpr const char* kPre = "tokenizer.ggml.pre";
constexpr const char* kMerges = "tokenizer.ggml.merges";

// Vocabularies of Llama 3 have a begin token, and words that no merges lead to.
bool is_llama3(std::string_view pre) { return pre == "llama-bpe" || pre == "llama-v3" || pre == "llama3"; }

// Pairs of tokens, and the place of each in the list of merges.
class MergeTable {
 public:
  MergeTable(const GgufMetadata& metadata, const GgufVocabulary& words) {
    const GgufArray* array = gguf_array(metadata, kMerges);
    const auto* merges = array ? array->of<std::string>() : nullptr;
    if (!merges) metadata.malformed(kMerges, "an array of texts");
    table_.reserve(merges->size());
    for (const std::string& merge : *merges) {
      const std::size_t space = merge.find(' ', 1);
      const std::string left = merge.substr(0, space), right = space == merge.npos ? "" : merge.substr(space + 1);
      const auto a = words.find(left), b = words.find(right), both = words.find(left + right);
      if (!a || !b || !both) {
        metadata.malformed(kMerges, "two tokens that make a token, but merge " + std::to_string(table_.size()) +
                                        " is " + excerpt(merge));
      }
      const Merge value{double(table_.size()), *both};
      if (!table_.try_emplace(key(*a, *b), value).second)
        metadata.malformed(kMerges, "each once, but not " + excerpt(merge));
    }
  }

  std::optional<Merge> find(std::int64_t left, std::int64_t right) const {
    const auto found = table_.find(key(left, right));
    return found == table_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static std::uint64_t key(std::int64_t left, std::int64_t right) {
    return std::uint64_t(left) << 32 | std::uint64_t(right);  // ids are below 2^30
  }

  std::unordered_map<std::uint64_t, Merge> table_;
};

class ByteLevelTokenizer final : public Tokenizer {
 public:
  ByteLevelTokenizer(const GgufMetadata& metadata, std::int64_t rows, const std::string& pre)
      : words_(read_gguf_vocabulary(metadata, rows, is_llama3(pre))),
        merges_(metadata, words_),
        spelled_(words_.spelled({Type::kControl, Type::kUserDefined})),
        pre_(PreTokenizer::find(pre)),
        whole_words_(is_llama3(pre)) {
    if (!pre_) {
      no_encoding_ = std::string(kPre) + " " + excerpt(pre) + " is unsupported; expected " + pre_tokenizer_names();
    }
    for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
      bytes_[byte] = words_.find(spelled_byte(std::uint8_t(byte))).value_or(-1);
      if (bytes_[byte] < 0 && no_encoding_.empty()) {
        no_encoding_ = "tokenizer.ggml.tokens has no token for byte " + std::to_string(byte);
      }
    }
  }

  Ids encode(std::string_view text) const override {
    if (!no_encoding_.empty())
      throw Error(ErrorCode::kUnsupported, no_encoding_ + "; give token ids instead of a text");
    Ids ids;
    const auto encode_part = [&](std::string_view part) {
      for (const std::string_view piece : pre_->split(part)) encode_piece(piece, ids);
    };
    spelled_.cut(text, encode_part, [&](std::int64_t id) { ids.push_back(id); });
    words_.frame.put_around(ids);
    return ids;
  }

  std::string decode(std::int64_t id) const override {
    if (id < 0 || id >= std::int64_t(words_.tokens.size())) return "";
    const std::string& token = words_.tokens[std::size_t(id)];
    switch (words_.types[std::size_t(id)]) {
      case Type::kNormal:
      case Type::kByte:
        return bytes_of_spelling(token);
      case Type::kUserDefined:
        return token;
      case Type::kUnknown:
      case Type::kControl:
      case Type::kUnused:
        break;
    }
    return "";
  }

 private:
  void encode_piece(std::string_view piece, Ids& ids) const {
    std::string spelling;
    std::vector<Symbol> symbols;
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const auto byte = std::uint8_t(piece[i]);
      symbols.push_back({i, 1, bytes_[byte], false});
      if (whole_words_) spelling += spelled_byte(byte);
    }
    if (const auto word = whole_words_ ? words_.find(spelling) : std::nullopt) return ids.push_back(*word);
    const auto pair_of = [&](const Symbol& left, const Symbol& right) { return merges_.find(left.id, right.id); };
    for (const Symbol& symbol : merge_neighbours(std::move(symbols), pair_of)) ids.push_back(symbol.id);
  }

  const GgufVocabulary words_;
  const MergeTable merges_;
  const SpelledTokens spelled_;
  const std::unique_ptr<PreTokenizer> pre_;
  const bool whole_words_;
  std::array<std::int64_t, 256> bytes_{};
  std::string no_encoding_;  // why texts cannot be encoded; empty: they can
};

}  // namespace

std::unique_ptr<Tokenizer> make_byte_level_tokenizer(const GgufMetadata& metadata, std::int64_t rows) {
  return std::make_unique<ByteLevelTokenizer>(metadata, rows, metadata.text(kPre).value_or("default"));
}

}  // namespace kvproof
