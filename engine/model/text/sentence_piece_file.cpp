#include "engine/model/text/sentence_piece_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/model/text/charsmap.h"
#include "engine/model/text/proto_cursor.h"

namespace kvproof {
namespace {

using Field = ProtoCursor::Field;
using Kind = ProtoCursor::Kind;

constexpr std::size_t kMaxPiece = 4096;   // bytes
constexpr std::size_t kMaxPrefixes = 64;  // user-defined pieces that begin a text: the library's room for them
constexpr std::uint64_t kNormal = 1, kUserDefined = 4, kLastType = 6;

class Reader {
 public:
  Reader(const std::string& label, std::size_t most) : label_(label), most_(most) {}

  SentencePieceFacts read(std::string_view bytes) {
    each(bytes, [&](const Field& field) {
      if (field.number == 1) read_piece(message(field, "a piece"));
      if (field.number == 2) read_trainer(message(field, "trainer_spec"));
      if (field.number == 3) read_normalizer(message(field, "normalizer_spec"));
      if (field.number == 5) read_denormalizer(message(field, "denormalizer_spec"));
    });
    if (facts_.pieces == 0) malformed("not a model of SentencePiece: it has no pieces");
    if (facts_.pieces > most_) {
      fail(ErrorCode::kMismatch, std::to_string(facts_.pieces) + " pieces; expected at most " + std::to_string(most_) +
                                     ", the rows of the model's embedding");
    }
    check_prefixes();
    return facts_;
  }

 private:
  template <class Use>
  void each(std::string_view bytes, const Use& use) const {
    ProtoCursor cursor(bytes, label_);
    for (Field field; cursor.next(field);) use(field);
  }

  void read_piece(std::string_view bytes) {
    const std::string name = "piece " + std::to_string(facts_.pieces);
    std::string_view piece;
    float score = 0;
    std::uint64_t type = kNormal;
    each(bytes, [&](const Field& field) {
      if (field.number == 1) piece = message(field, name.c_str());
      if (field.number == 2) {
        if (field.kind != Kind::kFour) malformed(name + ": its score is no number of 32 bits");
        score = std::bit_cast<float>(std::uint32_t(field.integer));
      }
      if (field.number == 3) type = integer(field, name.c_str());
    });
    if (piece.empty() || piece.size() > kMaxPiece) {
      malformed(name + " has " + std::to_string(piece.size()) + " bytes; expected 1 to " + std::to_string(kMaxPiece));
    }
    if (piece.find('\0') != std::string_view::npos) malformed(name + " holds a zero");
    if (!std::isfinite(score)) malformed(name + " " + excerpt(piece) + " has no finite score");
    if (type < kNormal || type > kLastType) {
      malformed(name + " has type " + std::to_string(type) + "; expected 1 to 6");
    }
    if (type == kUserDefined) user_defined_.push_back(piece);
    ++facts_.pieces;
  }

  void read_trainer(std::string_view bytes) const {
    each(bytes, [&](const Field& field) {
      if (field.number == 24 && integer(field, "treat_whitespace_as_suffix")) {
        fail(ErrorCode::kUnsupported, "treat_whitespace_as_suffix is unsupported; give token ids instead");
      }
    });
  }

  void read_normalizer(std::string_view bytes) {
    each(bytes, [&](const Field& field) {
      if (field.number == 2) check_charsmap(message(field, "precompiled_charsmap"));
      if (field.number == 3) facts_.leading_space = integer(field, "add_dummy_prefix");
    });
  }

  void check_charsmap(std::string_view table) const {
    const std::string fault = table.empty() ? "" : fault_of_charsmap(table);
    if (!fault.empty()) malformed("precompiled_charsmap: " + fault);
  }

  void read_denormalizer(std::string_view bytes) const {
    each(bytes, [&](const Field& field) {
      if (field.number == 2 && !message(field, "denormalizer_spec").empty()) {
        fail(ErrorCode::kUnsupported, "denormalizer_spec is unsupported; give token ids instead");
      }
    });
  }

  // Pieces that begin with one another follow each other when sorted.
  void check_prefixes() {
    std::ranges::sort(user_defined_);
    std::vector<std::string_view> nested;
    for (const std::string_view piece : user_defined_) {
      while (!nested.empty() && !piece.starts_with(nested.back())) nested.pop_back();
      nested.push_back(piece);
      if (nested.size() > kMaxPrefixes) {
        malformed("more than " + std::to_string(kMaxPrefixes) + " user-defined pieces begin like " +
                  excerpt(nested[0]));
      }
    }
  }

  std::string_view message(const Field& field, const char* what) const {
    if (field.kind != Kind::kBytes) malformed(std::string(what) + " is a number");
    return field.bytes;
  }
  std::uint64_t integer(const Field& field, const char* what) const {
    if (field.kind != Kind::kVarint) malformed(std::string(what) + " is no integer");
    return field.integer;
  }

  [[noreturn]] void malformed(const std::string& why) const { fail(ErrorCode::kMalformed, why); }
  [[noreturn]] void fail(ErrorCode code, const std::string& why) const { throw Error(code, label_ + ": " + why); }

  const std::string& label_;
  const std::size_t most_;
  SentencePieceFacts facts_;
  std::vector<std::string_view> user_defined_;
};

}  // namespace

SentencePieceFacts check_sentence_piece(std::string_view bytes, const std::string& label, std::size_t most) {
  return Reader(label, most).read(bytes);
}

}  // namespace kvproof
