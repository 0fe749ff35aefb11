#include "engine/nnef/lexer.h"

#include <algorithm>
#include <array>

namespace kvproof::nnef {
namespace {

constexpr std::size_t kMaxIdentifier = 1000;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

void fail_at(Place at, const std::string& message, ErrorCode code) {
  constexpr std::size_t kShown = 400;
  std::string line = message.size() <= kShown ? message : message.substr(0, kShown) + "...";
  for (char& c : line) c = c >= ' ' && c <= '~' ? c : '?';
  throw Error(code, "graph.nnef:" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + line);
}

void fail_at(Place at, const Error& error) {
  const std::string message = error.what();
  if (message.starts_with("graph.nnef:")) throw error;
  fail_at(at, message, error.code());
}

std::string Token::str() const {
  switch (kind) {
    case Kind::kEnd:
      return "the end of the text";
    case Kind::kString:
      return "a string";
    case Kind::kNumber:
      return text;
    default:
      return "'" + text + "'";
  }
}

char Lexer::take() {
  const char c = text_[at_++];
  if (c == '\n') {
    ++place_.line;
    place_.column = 1;
  } else {
    ++place_.column;
  }
  return c;
}

void Lexer::skip_blanks() {
  while (!at_end()) {
    if (peek() == '#') {
      while (!at_end() && peek() != '\n') take();
    } else if (is_blank(peek())) {
      take();
    } else {
      return;
    }
  }
}

std::string Lexer::quoted() {
  const Place begin = place_;
  const char quote = take();
  std::string text;
  while (!at_end()) {
    const char c = take();
    if (c == quote) return text;
    if (c == '\\' && !at_end()) {
      text += take();
    } else {
      text += c;
    }
  }
  fail_at(begin, "this string is never closed");
}

std::string Lexer::word() {
  std::string text;
  while (is_letter(peek()) || is_digit(peek())) text += take();
  return text;
}

std::string Lexer::number() {
  std::string text;
  const auto digits = [&] {
    while (is_digit(peek())) text += take();
  };
  digits();
  if (peek() == '.') {
    text += take();
    digits();
  }
  const bool is_signed = peek(1) == '-' || peek(1) == '+';
  if ((peek() == 'e' || peek() == 'E') && is_digit(peek(is_signed ? 2 : 1))) {
    text += take();
    if (is_signed) text += take();
    digits();
  }
  return text;
}

Token Lexer::next() {
  skip_blanks();
  Token token{Token::Kind::kEnd, "", place_};
  if (at_end()) return token;
  const char c = peek();
  if (c == 'i' && (peek(1) == '"' || peek(1) == '\'')) {
    take();
    token.kind = Token::Kind::kExtended;
    token.text = quoted();
  } else if (is_letter(c)) {
    token.kind = Token::Kind::kIdentifier;
    token.text = word();
  } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
    token.kind = Token::Kind::kNumber;
    token.text = number();
  } else if (c == '"' || c == '\'') {
    token.kind = Token::Kind::kString;
    token.text = quoted();
  } else {
    static constexpr std::array<std::string_view, 7> kPairs = {"==", "!=", "<=", ">=", "->", "&&", "||"};
    static constexpr std::string_view kSingles = "()[]{},;:=<>+-*/^!?";
    token.kind = Token::Kind::kPunctuation;
    token.text = text_.substr(at_, 2);
    if (std::find(kPairs.begin(), kPairs.end(), token.text) != kPairs.end()) {
      take();
    } else if (kSingles.find(c) != std::string_view::npos) {
      token.text = c;
    } else {
      fail_at(place_, "the byte " + std::to_string(int(static_cast<unsigned char>(c))) + " begins nothing");
    }
    take();
  }
  if (token.is_identifier() && (token.text.empty() || token.text.size() > kMaxIdentifier)) {
    fail_at(token.at, "an identifier has 1 to " + std::to_string(kMaxIdentifier) + " characters");
  }
  return token;
}

std::string Lexer::rest_of_line(Place& at) {
  skip_blanks();
  at = place_;
  std::string text;
  while (!at_end()) {
    const char c = take();
    if (c == ';') {
      while (!text.empty() && is_blank(text.back())) text.pop_back();
      return text;
    }
    text += c;
  }
  fail_at(at, "expected ';', found the end of the text");
}

}  // namespace kvproof::nnef
