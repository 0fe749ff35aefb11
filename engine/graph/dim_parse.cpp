#include "engine/graph/dim_parse.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr std::size_t kMaxLength = 4096;
constexpr int kMaxDepth = 64;

using Relation = Comparison::Relation;
constexpr std::array<std::pair<std::string_view, Relation>, 5> kRelations{{{">=", Relation::kAtLeast},
                                                                           {"<=", Relation::kAtMost},
                                                                           {"==", Relation::kEqual},
                                                                           {">", Relation::kGreater},
                                                                           {"<", Relation::kLess}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Recursive descent; one function for each level of binding.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text.size() > kMaxLength) {
      throw Error(ErrorCode::kMalformed,
                  fmt::format("a dimension of {} characters, at most {}", text.size(), kMaxLength));
    }
  }

  Dim sum() {
    Dim result = product();
    for (;;) {
      if (take("+")) {
        result = result + product();
      } else if (take("-")) {
        result = result - product();
      } else {
        return result;
      }
    }
  }
  Relation relation() {
    for (const auto& [spelling, relation] : kRelations) {
      if (take(spelling)) return relation;
    }
    expected("one of >=, >, <=, <, ==");
  }
  void end() {
    skip_blanks();
    if (at_ < text_.size()) expected("an operator");
  }

 private:
  Dim product() {
    Dim result = signed_factor();
    for (;;) {
      if (take("*")) {
        result = result * signed_factor();
      } else if (take("/")) {
        result = result / signed_factor();
      } else {
        return result;
      }
    }
  }
  Dim signed_factor() {
    bool negative = false;
    while (take("-")) negative = !negative;
    const Dim result = factor();
    return negative ? 0 - result : result;
  }
  Dim factor() {
    if (take("(")) return inside();
    skip_blanks();
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (is_digit(first)) return integer();
    if (!is_letter(first)) expected("a number, a symbol or '('");
    const std::string_view name = word([](char c) { return is_letter(c) || is_digit(c); });
    if ((name == "min" || name == "max") && take("(")) {
      const Dim a = nested_sum();
      require(",");
      const Dim b = inside();
      return name == "min" ? min(a, b) : max(a, b);
    }
    return Dim::symbol(name);
  }
  Dim integer() {
    const std::size_t begin = at_;
    const std::string_view digits = word(is_digit);
    std::int64_t value = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc()) {
      at_ = begin;
      expected("a number of at most 63 bits");
    }
    return value;
  }
  // Up to the parenthesis that closes.
  Dim inside() {
    const Dim result = nested_sum();
    require(")");
    return result;
  }
  Dim nested_sum() {
    if (++depth_ > kMaxDepth) expected(fmt::format("at most {} levels of parentheses", kMaxDepth));
    const Dim result = sum();
    --depth_;
    return result;
  }

  template <class Belongs>
  std::string_view word(Belongs belongs) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  void skip_blanks() { word(is_blank); }
  bool take(std::string_view sign) {
    skip_blanks();
    if (text_.substr(at_, sign.size()) != sign) return false;
    at_ += sign.size();
    return true;
  }
  void require(std::string_view sign) {
    if (!take(sign)) expected(fmt::format("'{}'", sign));
  }
  [[noreturn]] void expected(std::string_view what) const {
    std::string line(text_.substr(0, 200));
    for (char& c : line) c = is_blank(c) ? ' ' : c;
    throw Error(ErrorCode::kMalformed, fmt::format("'{}', column {}: expected {}", line, at_ + 1, what));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::vector<Dim> Comparison::nonnegative() const {
  switch (relation) {
    case Relation::kAtLeast:
      return {left - right};
    case Relation::kGreater:
      return {left - right - 1};
    case Relation::kAtMost:
      return {right - left};
    case Relation::kLess:
      return {right - left - 1};
    case Relation::kEqual:
      return {left - right, right - left};
  }
  return {};
}

Comparison Comparison::substitute(const Substitution& with) const {
  return {relation, left.substitute(with), right.substitute(with)};
}

std::string Comparison::str() const {
  for (const auto& [spelling, r] : kRelations) {
    if (r == relation) return fmt::format("{} {} {}", left.str(), spelling, right.str());
  }
  return {};
}

Dim parse_dim(std::string_view text) {
  Parser parser(text);
  Dim result = parser.sum();
  parser.end();
  return result;
}

Comparison parse_comparison(std::string_view text) {
  Parser parser(text);
  Dim left = parser.sum();
  const Relation relation = parser.relation();
  Dim right = parser.sum();
  parser.end();
  return {relation, std::move(left), std::move(right)};
}

}  // namespace kvproof
