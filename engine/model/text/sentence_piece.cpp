#include "engine/model/text/sentence_piece.h"

#include <sentencepiece_processor.h>

#include <exception>
#include <filesystem>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/model/json_fields.h"
#include "engine/model/json_text.h"
#include "engine/model/text/frame.h"
#include "engine/model/text/pieces.h"
#include "engine/model/text/sentence_piece_file.h"

namespace kvproof {
namespace {

using sentencepiece::SentencePieceProcessor;

constexpr std::size_t kMaxFile = std::size_t(1) << 26;  // the largest published ones take some 2^22 bytes
constexpr std::size_t kMaxText = std::size_t(1) << 24;  // the library counts bytes, 64 for one at most, in an int

std::string beside(const std::string& folder, const char* name) {
  return (std::filesystem::path(folder) / name).string();
}

// Calls the library: what it reports or throws becomes an Error that names the file.
template <class Call>
void checked(const std::string& path, const Call& call) {
  std::string why;
  try {
    const sentencepiece::util::Status status = call();
    if (status.ok()) return;
    why = status.message();
  } catch (const std::exception& error) {
    why = error.what();
  }
  throw Error(ErrorCode::kMalformed, path + ": SentencePiece refuses it: " + excerpt(why));
}

std::vector<std::string> texts_of(const SentencePieceProcessor& processor) {
  std::vector<std::string> texts(std::size_t(processor.GetPieceSize()));
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    if (processor.IsControl(id) || processor.IsUnknown(id)) continue;
    const std::string& piece = processor.IdToPiece(id);
    texts[std::size_t(id)] = processor.IsByte(id) ? std::string(1, char(*byte_piece(piece))) : with_spaces(piece);
  }
  return texts;
}

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(const std::string& path, std::size_t most) : path_(path) {
    const MappedFile file(path);
    if (file.bytes().size() > kMaxFile) {
      throw Error(ErrorCode::kMalformed, path + ": longer than " + std::to_string(kMaxFile) + " bytes");
    }
    const std::string_view bytes{reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
    leading_space_ = check_sentence_piece(bytes, path, most).leading_space;
    checked(path, [&] { return processor_.LoadFromSerializedProto(bytes); });
    texts_ = texts_of(processor_);
  }

  const SentencePieceProcessor& processor() const { return processor_; }
  void set_frame(const TextFrame& frame) { frame_ = frame; }

  std::vector<std::int64_t> encode(std::string_view text) const override {
    if (text.size() > kMaxText) {
      throw Error(ErrorCode::kResource,
                  "a text of " + std::to_string(text.size()) + " bytes; expected at most " + std::to_string(kMaxText));
    }
    std::vector<int> pieces;
    checked(path_, [&] { return processor_.Encode(text, &pieces); });
    std::vector<std::int64_t> ids(pieces.begin(), pieces.end());
    frame_.put_around(ids);
    return ids;
  }
  std::string decode(std::int64_t id) const override {
    return id < 0 || id >= std::int64_t(texts_.size()) ? "" : texts_[std::size_t(id)];
  }

 private:
  bool has_leading_space() const override { return leading_space_; }

  const std::string path_;
  SentencePieceProcessor processor_;
  std::vector<std::string> texts_;  // by id
  bool leading_space_ = false;
  TextFrame frame_;
};

// What tokenizer_config.json says of a token, for example of "bos_token": a text, or an object with that text inside.
std::optional<std::string> token_text(const JsonFields& fields, const char* name) {
  const nlohmann::json* value = fields.find(name);
  return value && value->is_object() ? fields.fields(name).text("content") : fields.text(name);
}

// The id of a piece that tokenizer_config.json names; none for one that was added beside the model.
std::optional<std::int64_t> named_token(const JsonFields& fields, const char* name,
                                        const SentencePieceProcessor& model) {
  const auto text = token_text(fields, name);
  const int id = text ? model.PieceToId(*text) : -1;
  return id >= 0 && model.IdToPiece(id) == *text ? std::optional<std::int64_t>(id) : std::nullopt;
}

std::optional<std::int64_t> own_token(int id) { return id < 0 ? std::nullopt : std::optional<std::int64_t>(id); }

TextFrame frame_of(const std::string& folder, const ModelConfig& config, const SentencePieceProcessor& model) {
  constexpr std::size_t kMaxConfig = std::size_t(1) << 24;
  const std::string path = beside(folder, "tokenizer_config.json");
  const auto begin = config.bos ? config.bos : own_token(model.bos_id());
  if (!std::filesystem::exists(path)) return {.begin = begin, .end = {}};

  const nlohmann::json document = read_json(path, kMaxConfig);
  const JsonFields fields(document, path + ": ");
  const auto named = named_token(fields, "bos_token", model);
  if (named && config.bos && *named != *config.bos) {
    throw Error(ErrorCode::kMismatch, path + ": bos_token is token " + std::to_string(*named) +
                                          ", but bos_token_id of config.json is " + std::to_string(*config.bos));
  }
  TextFrame frame;
  if (fields.boolean("add_bos_token", true)) {
    frame.begin = named ? named : begin;
    if (!frame.begin && fields.has("add_bos_token"))
      fields.malformed("add_bos_token", "false, as there is no begin token");
  }
  if (fields.boolean("add_eos_token", false)) {
    frame.end = config.eos.empty() ? own_token(model.eos_id()) : config.eos.front();
    if (!frame.end) fields.malformed("add_eos_token", "false, as there is no end token");
  }
  return frame;
}

}  // namespace

std::unique_ptr<Tokenizer> open_sentence_piece(const std::string& folder, const ModelConfig& config) {
  auto tokenizer =
      std::make_unique<SentencePieceTokenizer>(beside(folder, "tokenizer.model"), std::size_t(config.vocab));
  tokenizer->set_frame(frame_of(folder, config, tokenizer->processor()));
  return tokenizer;
}

}  // namespace kvproof
