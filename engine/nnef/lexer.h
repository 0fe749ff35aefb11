// Cuts the text of graph.nnef into tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/nnef/ast.h"

namespace kvproof::nnef {

struct Token {
  enum class Kind { kEnd, kIdentifier, kExtended, kNumber, kString, kPunctuation } kind = Kind::kEnd;
  std::string text;  // without quotes and escapes; punctuation: one of ( ) [ ] { } , ; : = == != < <= > >= -> ...
  Place at;

  bool is(std::string_view punctuation) const { return kind == Kind::kPunctuation && text == punctuation; }
  bool is_word(std::string_view word) const { return kind == Kind::kIdentifier && text == word; }
  bool is_identifier() const { return kind == Kind::kIdentifier || kind == Kind::kExtended; }
  std::string str() const;  // "'foo'", "the end of the text"
};

// Copyable: a copy continues from the same place. Throws Error(kMalformed) with line and column for what is no token.
class Lexer {
 public:
  // `text` outlives the lexer.
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();
  // What stands up to the next ';', without blanks around it; the ';' is taken.
  std::string rest_of_line(Place& at);

 private:
  void skip_blanks();
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  char take();
  bool at_end() const { return at_ >= text_.size(); }
  std::string quoted();
  std::string word();
  std::string number();

  std::string_view text_;
  std::size_t at_ = 0;
  Place place_{1, 1};
};

// Throws Error(code): "graph.nnef:12:7: message", on one line whatever is in the message.
[[noreturn]] void fail_at(Place at, const std::string& message, ErrorCode code = ErrorCode::kMalformed);
// Throws an error again, with the place in front of it if it has none yet.
[[noreturn]] void fail_at(Place at, const Error& error);

}  // namespace kvproof::nnef
