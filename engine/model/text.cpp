#include "engine/model/text.h"

#include <filesystem>

#include "engine/base/error.h"

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

}  // namespace

std::unique_ptr<Tokenizer> make_byte_tokenizer(std::int64_t begin) { return std::make_unique<ByteTokenizer>(begin); }

std::unique_ptr<Tokenizer> tokenizer_of(const std::string& folder, const ModelConfig& config) {
  for (const char* own : {"tokenizer.model", "tokenizer.json"}) {
    if (std::filesystem::exists(std::filesystem::path(folder) / own)) {
      throw Error(ErrorCode::kUnsupported,
                  folder + ": its " + own + " cannot be read yet; give token ids with --prompt-ids");
    }
  }
  if (config.vocab != kVocabulary || !config.bos) {
    throw Error(ErrorCode::kUnsupported, folder + ": has no tokenizer; give token ids with --prompt-ids");
  }
  return make_byte_tokenizer(*config.bos);
}

}  // namespace kvproof
