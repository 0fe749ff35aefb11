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

void forget_places(Expr& tree) {
  tree.at = {};
  for (Expr& item : tree.items) forget_places(item);
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

// The digits of the shortest number that reads as this one, with the point where it belongs.
std::string rust_number(float value) {
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  std::array<char, 32> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value), std::chars_format::scientific);
  const std::string shortest(buffer.data(), end.ptr);  // 1.25e-07
  const std::size_t e = shortest.find('e');
  std::string digits = shortest.substr(0, e);
  const int exponent = std::stoi(shortest.substr(e + 1));
  if (digits.size() > 1) digits.erase(1, 1);
  const std::string sign = value < 0 ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    if (digits.size() > 1) digits.insert(1, ".");
    return sign + digits + "e" + std::to_string(exponent);
  }
  if (exponent < 0) return sign + "0." + std::string(std::size_t(-exponent - 1), '0') + digits;
  const std::size_t whole = std::size_t(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.insert(whole, ".");
}

}  // namespace kvproof::nnef
