// What an expression of a text stands for.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/excerpt.h"
#include "engine/nnef/evaluator.h"
#include "engine/nnef/lexer.h"
#include "engine/nnef/printer.h"

namespace kvproof::nnef {
namespace {

constexpr std::int64_t kMaxEvaluated = 5'000'000;
constexpr int kMaxEvaluationDepth = 1000;

Argument number_of(const Expr& expr) {
  const char *begin = expr.text.data(), *end = begin + expr.text.size();
  if (expr.text.find_first_of(".eEi") != std::string::npos) {
    double wide = 0;
    float value = 0;  // of its own, so that it is rounded once
    const auto known = std::from_chars(begin, end, value);
    if (known.ec == std::errc()) return {&expr, value};
    // Too large, or so small that it is 0.
    const bool is_small = std::from_chars(begin, end, wide).ec == std::errc() && std::abs(wide) < 1;
    if (!is_small) fail_at(expr.at, excerpt(expr.text) + " does not fit in an f32");
    return {&expr, float(wide)};
  }
  std::int64_t value = 0;
  if (std::from_chars(begin, end, value).ec != std::errc()) {
    fail_at(expr.at, excerpt(expr.text) + " does not fit in 64 bits");
  }
  return {&expr, Dim(value)};
}

struct Operator {
  std::string_view text;
  const char* primitive;
};
constexpr Operator kOperators[] = {{"+", "add"}, {"-", "sub"},  {"*", "mul"}, {"/", "div"}, {"^", "pow"},
                                   {"==", "eq"}, {"!=", "ne"},  {"<", "lt"},  {"<=", "le"}, {">", "gt"},
                                   {">=", "ge"}, {"&&", "and"}, {"||", "or"}};

std::optional<Dim> folded(const std::string& op, const Dim& a, const Dim& b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") return a / b;
  return std::nullopt;
}

std::optional<float> folded(const std::string& op, float a, float b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") return a / b;
  return std::nullopt;
}

// A literal number; integers count if `other` is a real one.
std::optional<float> real(const Argument& argument, const Argument& other) {
  if (const float* value = std::get_if<float>(&argument.value)) return *value;
  const Dim* dim = std::get_if<Dim>(&argument.value);
  if (dim == nullptr || !dim->integer() || !std::holds_alternative<float>(other.value)) return std::nullopt;
  return float(*dim->integer());
}

}  // namespace

Argument Evaluator::evaluate(const Expr& expr, NewSymbols symbols) {
  if (depth_ >= kMaxEvaluationDepth) fail_at(expr.at, "fragments are nested too deeply");
  if (++evaluated_ > kMaxEvaluated) {
    fail_at(expr.at, "fragments unfold to more than " + std::to_string(kMaxEvaluated) + " expressions");
  }
  ++depth_;
  Argument result;
  switch (expr.kind) {
    case Expr::Kind::kNumber:
      result = number_of(expr);
      break;
    case Expr::Kind::kString:
      result = {&expr, expr.text};
      break;
    case Expr::Kind::kBoolean:
      result = {&expr, expr.text == "true"};
      break;
    case Expr::Kind::kIdentifier:
      result = identifier(expr, symbols);
      break;
    case Expr::Kind::kCall:
      result = single(expr, call(expr));
      break;
    case Expr::Kind::kArray:
    case Expr::Kind::kTuple:
      result = array(expr, symbols);
      break;
    case Expr::Kind::kSubscript:
      result = subscript(expr);
      break;
    case Expr::Kind::kUnary:
      result = unary(expr, symbols);
      break;
    case Expr::Kind::kBinary:
      result = binary(expr, symbols);
      break;
    case Expr::Kind::kIfElse:
      result = choice(expr);
      break;
    case Expr::Kind::kComprehension:
      fail_at(expr.at, "a comprehension is not evaluated; write the array out");
  }
  --depth_;
  return result;
}

// A tensor hides a symbol of the same name.
Argument Evaluator::identifier(const Expr& expr, NewSymbols symbols) {
  const auto& variables = frames_.back().variables;
  if (const auto found = variables.find(expr.text); found != variables.end()) return {&expr, found->second.value};
  const auto& declared = model_.symbols();
  if (std::find(declared.begin(), declared.end(), expr.text) != declared.end()) {
    return {&expr, Dim::symbol(expr.text)};
  }
  if (symbols == NewSymbols::kRefused || !is_plain_identifier(expr.text)) {
    fail_at(expr.at, "'" + expr.text + "' is neither assigned before nor a declared symbol");
  }
  surroundings_.warning("graph.nnef:" + std::to_string(expr.at.line) + ":" + std::to_string(expr.at.column) + ": '" +
                        expr.text + "' is taken as a symbol that nothing declares");
  model_.declare_symbol(expr.text);
  return {&expr, Dim::symbol(expr.text)};
}

Argument Evaluator::array(const Expr& expr, NewSymbols symbols) {
  std::vector<Argument> items;
  items.reserve(expr.items.size());
  for (const Expr& item : expr.items) items.push_back(evaluate(item, symbols));
  return {&expr, std::move(items)};
}

Argument Evaluator::subscript(const Expr& expr) {
  const Argument whole = evaluate(expr.items[0]);
  const std::optional<Dim> index = known_dim(model_, evaluate(expr.items[1]));
  if (!index || !index->integer()) fail_at(expr.items[1].at, "expected an integer as index");
  const auto pick = [&](const auto& items) {
    if (*index->integer() < 0 || *index->integer() >= std::int64_t(items.size())) {
      fail_at(expr.at, "the index " + index->str() + " is outside of " + std::to_string(items.size()) + " items");
    }
    return items[std::size_t(*index->integer())];
  };
  if (const auto* items = std::get_if<std::vector<Argument>>(&whole.value)) return {&expr, pick(*items).value};
  if (const auto* outlet = std::get_if<Outlet>(&whole.value)) {
    const Fact& fact = model_.fact(*outlet);
    if (fact.dims != nullptr && fact.rank() == 1) return {&expr, pick(*fact.dims)};
  }
  fail_at(expr.at, "expected an array or a tensor whose elements are known, found " + describe(model_, whole));
}

Argument Evaluator::binary(const Expr& expr, NewSymbols symbols) {
  std::vector<Argument> operands = {evaluate(expr.items[0], symbols), evaluate(expr.items[1], symbols)};
  const Dim* a = std::get_if<Dim>(&operands[0].value);
  const Dim* b = std::get_if<Dim>(&operands[1].value);
  if (a != nullptr && b != nullptr) {
    try {
      if (const auto value = folded(expr.text, *a, *b)) {
        check_size(*value);
        return {&expr, *value};
      }
    } catch (const Error& error) {
      fail_at(expr.at, error);
    }
  }
  const auto x = real(operands[0], operands[1]), y = real(operands[1], operands[0]);
  if (x && y) {
    if (const auto value = folded(expr.text, *x, *y)) return {&expr, *value};
  }
  for (const Operator& op : kOperators) {
    if (op.text == expr.text) return call_standard(op.primitive, expr, std::move(operands));
  }
  fail_at(expr.at, "unknown operator '" + expr.text + "'");
}

Argument Evaluator::unary(const Expr& expr, NewSymbols symbols) {
  Argument operand = evaluate(expr.items[0], symbols);
  operand.from = &expr;
  if (expr.text == "+") return operand;
  if (expr.text == "!") {
    if (const bool* value = std::get_if<bool>(&operand.value)) return {&expr, !*value};
    return call_standard("not", expr, {operand});
  }
  if (const Dim* dim = std::get_if<Dim>(&operand.value)) return {&expr, Dim(0) - *dim};
  if (const float* value = std::get_if<float>(&operand.value)) return {&expr, -*value};
  return call_standard("neg", expr, {operand});
}

Argument Evaluator::choice(const Expr& expr) {
  const Argument condition = evaluate(expr.items[1]);
  std::optional<bool> known;
  if (const bool* value = std::get_if<bool>(&condition.value)) known = *value;
  if (const auto dim = known_dim(model_, condition); dim && dim->integer()) known = !dim->is(0);
  if (!known)
    fail_at(expr.items[1].at, "this condition is not known before a run; select(condition, a, b) chooses in it");
  Argument result = evaluate(expr.items[*known ? 0 : 2]);
  result.from = &expr;
  return result;
}

Argument Evaluator::single(const Expr& expr, const Results& results) const {
  if (results.size() != 1) {
    fail_at(expr.at, "'" + expr.text + "' gives " + std::to_string(results.size()) + " values where one is expected");
  }
  return {&expr, results.front().value};
}

}  // namespace kvproof::nnef
