#include "engine/nnef/ast.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "engine/base/check.h"
#include "engine/nnef/parser.h"

namespace kvproof::nnef {
namespace {

Expr leaf(Expr::Kind kind, std::string text) {
  Expr result{kind, {}};
  result.text = std::move(text);
  return result;
}

Expr branch(Expr::Kind kind, std::vector<Expr> items) {
  Expr result{kind, {}};
  for (const Expr& item : items) result.depth = std::max(result.depth, item.depth + 1);
  result.items = std::move(items);
  return result;
}

template <class T>
Expr list_of(const std::vector<T>& values, Expr (*make)(T)) {
  std::vector<Expr> items;
  items.reserve(values.size());
  for (const T& value : values) items.push_back(make(value));
  return list(std::move(items));
}

}  // namespace

Expr Expr::with(std::string_view name, Expr value) && {
  KVPROOF_CHECK(kind == Kind::kCall);
  depth = std::max(depth, value.depth + 1);
  names.emplace_back(name);
  items.push_back(std::move(value));
  return std::move(*this);
}

Expr identifier(std::string_view name) { return leaf(Expr::Kind::kIdentifier, std::string(name)); }

Expr call(std::string_view name, std::vector<Expr> positional) {
  Expr result = branch(Expr::Kind::kCall, std::move(positional));
  result.text = name;
  result.names.resize(result.items.size());
  return result;
}

Expr list(std::vector<Expr> items) { return branch(Expr::Kind::kArray, std::move(items)); }
Expr tuple(std::vector<Expr> items) { return branch(Expr::Kind::kTuple, std::move(items)); }
Expr integer(std::int64_t value) { return leaf(Expr::Kind::kNumber, std::to_string(value)); }
Expr integers(const std::vector<std::int64_t>& values) { return list_of(values, &integer); }
Expr integers(const std::vector<int>& values) {
  return integers(std::vector<std::int64_t>(values.begin(), values.end()));
}
Expr boolean(bool value) { return leaf(Expr::Kind::kBoolean, value ? "true" : "false"); }
Expr dimension(const Dim& value) { return parse_expression(value.nested()); }
Expr dtype(DType type) { return text(name_of(type)); }

Expr dimensions(const std::vector<Dim>& values) {
  std::vector<Expr> items;
  items.reserve(values.size());
  for (const Dim& value : values) items.push_back(dimension(value));
  return list(std::move(items));
}

Expr number(float value) {
  KVPROOF_CHECK(!std::isnan(value));
  return leaf(Expr::Kind::kNumber, rust_number(value));
}

Expr text(std::string_view value) {
  std::string safe(value);
  for (std::size_t i = 0; i < safe.size(); ++i) {
    const auto c = static_cast<unsigned char>(safe[i]);
    const bool is_template = i > 0 && safe[i - 1] == '{' && (c == '{' || c == '%' || c == '#');
    if (c < 0x20 || c == 0x7f || c == '"' || c == '\'' || is_template) safe[i] = '_';
  }
  return leaf(Expr::Kind::kString, std::move(safe));
}

std::string rust_number(float value) {
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const float size = std::abs(value);
  const bool is_plain = size == 0 || (size >= 1e-4F && size < 1e16F);
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string digits(buffer.data(), end.ptr);
  if (is_plain) return digits.find('.') == std::string::npos ? digits + ".0" : digits;
  // C++ writes 1e-06 and 1e+16 where Rust writes 1e-6 and 1e16.
  const std::size_t e = digits.find('e');
  const bool is_negative = digits[e + 1] == '-';
  std::string exponent = digits.substr(e + 2);
  exponent.erase(0, std::min(exponent.find_first_not_of('0'), exponent.size() - 1));
  return digits.substr(0, e) + (is_negative ? "e-" : "e") + exponent;
}

}  // namespace kvproof::nnef
