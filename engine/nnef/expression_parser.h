// The part of the parser that reads expressions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/nnef/lexer.h"

namespace kvproof::nnef {

// Tokens with one of them in view. Every expect throws Error(kMalformed) that says what stands there instead.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : lexer_(text) { advance(); }

  const Token& view() const { return view_; }
  Token take();
  bool accept(std::string_view punctuation);
  void expect(std::string_view punctuation);
  bool accept_word(std::string_view word);
  void expect_word(std::string_view word);
  std::string expect_identifier();
  [[noreturn]] void fail_expected(const std::string& what) const;
  // What is in view begins free text up to ';', which is taken.
  std::string rest_of_line();
  // What comes behind what is in view, `ahead` tokens on.
  Token peek(int ahead) const;

 private:
  void advance();

  Lexer lexer_;
  Lexer before_{""};  // where the token in view begins
  Token view_;
};

// One level deeper in the text, as long as it lives. Throws Error(kMalformed) below kMaxDepth.
class Deeper {
 public:
  Deeper(int& depth, Place at);
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  int& depth_;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(Tokens& tokens) : tokens_(tokens) {}
  Expr expression();

 private:
  Expr binary(int lowest);
  Expr prefixed();
  Expr postfixed();
  Expr primary();
  Expr call_or_identifier();
  Expr array();
  Expr parenthesised();
  Expr comprehension(Place at);
  std::vector<Expr> items_up_to(std::string_view closing);
  bool generic_follows() const;
  Expr made(Expr&& expr);

  Tokens& tokens_;
  int depth_ = 0;
  int made_ = 0;
};

}  // namespace kvproof::nnef
