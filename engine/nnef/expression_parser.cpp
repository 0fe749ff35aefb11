#include "engine/nnef/expression_parser.h"

#include <algorithm>
#include <array>

namespace kvproof::nnef {
namespace {

constexpr int kMaxExpressions = 4'000'000;

struct Level {
  std::string_view op;
  int level;  // higher binds closer
};
constexpr int kClosest = 6;
constexpr std::array<Level, 13> kLevels = {{{"||", 1},
                                            {"&&", 2},
                                            {"<", 3},
                                            {"<=", 3},
                                            {">", 3},
                                            {">=", 3},
                                            {"==", 3},
                                            {"!=", 3},
                                            {"+", 4},
                                            {"-", 4},
                                            {"*", 5},
                                            {"/", 5},
                                            {"^", kClosest}}};

int level_of(const Token& token) {
  if (token.kind != Token::Kind::kPunctuation) return 0;
  const auto found = std::find_if(kLevels.begin(), kLevels.end(), [&](const Level& l) { return l.op == token.text; });
  return found == kLevels.end() ? 0 : found->level;
}

}  // namespace

void Tokens::advance() {
  before_ = lexer_;
  view_ = lexer_.next();
}

Token Tokens::take() {
  Token taken = std::move(view_);
  advance();
  return taken;
}

bool Tokens::accept(std::string_view punctuation) {
  if (!view_.is(punctuation)) return false;
  advance();
  return true;
}

void Tokens::expect(std::string_view punctuation) {
  if (!accept(punctuation)) fail_expected("'" + std::string(punctuation) + "'");
}

bool Tokens::accept_word(std::string_view word) {
  if (!view_.is_word(word)) return false;
  advance();
  return true;
}

void Tokens::expect_word(std::string_view word) {
  if (!accept_word(word)) fail_expected("'" + std::string(word) + "'");
}

std::string Tokens::expect_identifier() {
  if (!view_.is_identifier()) fail_expected("an identifier");
  return take().text;
}

void Tokens::fail_expected(const std::string& what) const {
  fail_at(view_.at, "expected " + what + ", found " + view_.str());
}

std::string Tokens::rest_of_line() {
  lexer_ = before_;
  Place at;
  std::string text = lexer_.rest_of_line(at);
  advance();
  return text;
}

Token Tokens::peek(int ahead) const {
  Lexer copy = lexer_;
  Token token;
  for (int i = 0; i < ahead; ++i) token = copy.next();
  return token;
}

Deeper::Deeper(int& depth, Place at) : depth_(depth) {
  if (depth_ >= kMaxDepth) fail_at(at, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
  ++depth_;
}

Expr ExpressionParser::made(Expr&& expr) {
  for (const Expr& item : expr.items) expr.depth = std::max(expr.depth, item.depth + 1);
  if (expr.depth > kMaxDepth) fail_at(expr.at, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
  if (++made_ > kMaxExpressions) fail_at(expr.at, "more than " + std::to_string(kMaxExpressions) + " expressions");
  return std::move(expr);
}

// value if condition else value
Expr ExpressionParser::expression() {
  const Deeper deeper(depth_, tokens_.view().at);
  Expr value = binary(1);
  if (!tokens_.view().is_word("if")) return value;
  Expr choice{Expr::Kind::kIfElse, tokens_.take().at};
  choice.items.push_back(std::move(value));
  choice.items.push_back(binary(1));
  tokens_.expect_word("else");
  choice.items.push_back(expression());
  return made(std::move(choice));
}

// Operators of one level group from the left.
Expr ExpressionParser::binary(int lowest) {
  if (lowest > kClosest) return prefixed();
  Expr left = binary(lowest + 1);
  while (level_of(tokens_.view()) == lowest) {
    Token op = tokens_.take();
    Expr both{Expr::Kind::kBinary, op.at};
    both.text = std::move(op.text);
    both.items.push_back(std::move(left));
    both.items.push_back(binary(lowest + 1));
    left = made(std::move(both));
  }
  return left;
}

// A sign directly in front of a number belongs to the number.
Expr ExpressionParser::prefixed() {
  const Token& sign = tokens_.view();
  if (!sign.is("-") && !sign.is("+") && !sign.is("!")) return postfixed();
  const Deeper deeper(depth_, sign.at);
  Token op = tokens_.take();
  const bool is_number = tokens_.view().kind == Token::Kind::kNumber || tokens_.view().is_word("inf");
  Expr operand = prefixed();
  if (op.text == "-" && is_number && operand.kind == Expr::Kind::kNumber) {
    operand.text.insert(0, "-");
    operand.at = op.at;
    return operand;
  }
  Expr unary{Expr::Kind::kUnary, op.at};
  unary.text = std::move(op.text);
  unary.items.push_back(std::move(operand));
  return made(std::move(unary));
}

Expr ExpressionParser::postfixed() {
  Expr expr = primary();
  while (tokens_.view().is("[")) {
    Expr subscript{Expr::Kind::kSubscript, tokens_.take().at};
    subscript.items.push_back(std::move(expr));
    subscript.items.push_back(expression());
    tokens_.expect("]");
    expr = made(std::move(subscript));
  }
  return expr;
}

Expr ExpressionParser::primary() {
  const Token& token = tokens_.view();
  if (token.is("(")) return parenthesised();
  if (token.is("[")) return array();
  Expr literal{Expr::Kind::kNumber, token.at};
  if (token.kind == Token::Kind::kString) {
    literal.kind = Expr::Kind::kString;
  } else if (token.is_word("true") || token.is_word("false")) {
    literal.kind = Expr::Kind::kBoolean;
  } else if (token.kind != Token::Kind::kNumber && !token.is_word("inf")) {
    if (!token.is_identifier()) tokens_.fail_expected("an expression");
    return call_or_identifier();
  }
  literal.text = tokens_.take().text;
  return made(std::move(literal));
}

// variable<scalar>( : a type in angle brackets and then a parenthesis.
bool ExpressionParser::generic_follows() const {
  return tokens_.view().is("<") && (tokens_.peek(1).is_identifier() || tokens_.peek(1).is("?")) &&
         tokens_.peek(2).is(">") && tokens_.peek(3).is("(");
}

Expr ExpressionParser::call_or_identifier() {
  Token name = tokens_.take();
  Expr expr{Expr::Kind::kIdentifier, name.at};
  expr.text = std::move(name.text);
  if (generic_follows()) {
    tokens_.take();
    expr.generic = tokens_.take().text;
    tokens_.take();
  }
  if (!tokens_.accept("(")) return made(std::move(expr));
  expr.kind = Expr::Kind::kCall;
  while (!tokens_.view().is(")")) {
    const bool is_named = tokens_.view().is_identifier() && tokens_.peek(1).is("=");
    expr.names.push_back(is_named ? tokens_.take().text : "");
    if (is_named) tokens_.take();
    expr.items.push_back(expression());
    if (!tokens_.view().is(")") && !tokens_.accept(",")) tokens_.fail_expected("')'");
  }
  tokens_.take();
  return made(std::move(expr));
}

std::vector<Expr> ExpressionParser::items_up_to(std::string_view closing) {
  std::vector<Expr> items;
  while (!tokens_.view().is(closing)) {
    items.push_back(expression());
    if (!tokens_.view().is(closing) && !tokens_.accept(",")) tokens_.fail_expected("'" + std::string(closing) + "'");
  }
  tokens_.take();
  return items;
}

Expr ExpressionParser::array() {
  Expr expr{Expr::Kind::kArray, tokens_.take().at};
  if (tokens_.view().is_word("for")) return comprehension(expr.at);
  expr.items = items_up_to("]");
  return made(std::move(expr));
}

// [for x in a, y in b if condition yield result], behind its bracket
Expr ExpressionParser::comprehension(Place at) {
  tokens_.expect_word("for");
  Expr expr{Expr::Kind::kComprehension, at};
  do {
    expr.names.push_back(tokens_.expect_identifier());
    tokens_.expect_word("in");
    expr.items.push_back(binary(1));
  } while (tokens_.accept(","));
  if (tokens_.accept_word("if")) expr.items.push_back(binary(1));
  tokens_.expect_word("yield");
  expr.items.push_back(expression());
  tokens_.expect("]");
  return made(std::move(expr));
}

// A grouped expression, or a tuple.
Expr ExpressionParser::parenthesised() {
  const Place at = tokens_.take().at;
  if (tokens_.view().is(")")) tokens_.fail_expected("an expression");
  Expr first = expression();
  if (tokens_.accept(")")) return first;
  if (!tokens_.accept(",")) tokens_.fail_expected("')'");
  Expr expr{Expr::Kind::kTuple, at};
  expr.items = items_up_to(")");
  expr.items.insert(expr.items.begin(), std::move(first));
  return made(std::move(expr));
}

}  // namespace kvproof::nnef
