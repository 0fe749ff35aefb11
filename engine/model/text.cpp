#include "engine/model/text.h"

#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/model/gguf.h"
#include "engine/model/text/byte_level.h"
#include "engine/model/text/score_merges.h"
#include "engine/model/text/sentence_piece.h"

namespace kvproof {
namespace {

constexpr std::int64_t kOffset = 4, kBytes = 256, kVocabulary = kOffset + kBytes;

class ByteTokenizer final : public Tokenizer {
 public:
  explicit ByteTokenizer(std::int64_t begin) : begin_(begin) {}

  std::vector<std::int64_t> encode(std::string_view text) const override {
    std::vector<std::int64_t> ids{begin_};
    for (const char c : text) ids.push_back(kOffset + std::int64_t(static_cast<unsigned char>(c)));
    return ids;
  }
  std::string decode(std::int64_t id) const override {
    return id < kOffset || id >= kVocabulary ? "" : std::string(1, char(id - kOffset));
  }

 private:
  const std::int64_t begin_;
};

[[noreturn]] void no_tokenizer(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::kUnsupported,
              path + ": " + why + "; give token ids (--prompt-ids, --prompt-ids-file) and ask for them (--print-ids)");
}

std::unique_ptr<Tokenizer> bytes_or_none(const std::string& path, const ModelConfig& config, const std::string& why) {
  if (config.vocab != kVocabulary || !config.bos) no_tokenizer(path, why);
  return make_byte_tokenizer(*config.bos);
}

std::unique_ptr<Tokenizer> tokenizer_of_folder(const std::string& path, const ModelConfig& config) {
  const std::filesystem::path folder(path);
  if (std::filesystem::exists(folder / "tokenizer.model")) return open_sentence_piece(path, config);
  if (std::filesystem::exists(folder / "tokenizer.json")) {
    no_tokenizer(path, "it has a tokenizer.json, which is unsupported, and no tokenizer.model");
  }
  return bytes_or_none(path, config, "it has no tokenizer.model");
}

std::unique_ptr<Tokenizer> tokenizer_of_gguf(const std::string& path, const ModelConfig& config) {
  const GgufFile file = GgufFile::open(path);
  const auto kind = file.metadata().text("tokenizer.ggml.model");
  if (!kind) return bytes_or_none(path, config, "it has no vocabulary");
  if (*kind == "llama") return make_score_merge_tokenizer(file.metadata(), config.vocab);
  if (*kind == "gpt2") return make_byte_level_tokenizer(file.metadata(), config.vocab);
  no_tokenizer(path, "tokenizer.ggml.model " + excerpt(*kind) + " is unsupported; expected llama or gpt2");
}

}  // namespace

std::string Tokenizer::text(std::span<const std::int64_t> ids) const {
  std::string text;
  for (const std::int64_t id : ids) text += decode(id);
  if (has_leading_space() && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::unique_ptr<Tokenizer> make_byte_tokenizer(std::int64_t begin) { return std::make_unique<ByteTokenizer>(begin); }

std::unique_ptr<Tokenizer> tokenizer_of(const std::string& path, const ModelConfig& config) {
  return std::filesystem::is_directory(path) ? tokenizer_of_folder(path, config) : tokenizer_of_gguf(path, config);
}

}  // namespace kvproof
