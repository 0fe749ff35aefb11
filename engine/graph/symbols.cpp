// The symbols of one turn: what the past lengths and the shapes of the inputs say, and that they say one thing.
#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/graph/session.h"

namespace kvproof {
namespace {

[[noreturn]] void mismatch(const std::string& what) { throw Error(ErrorCode::kMismatch, what); }

std::string place(const Node& input, int axis) { return fmt::format("dimension {} of input '{}'", axis, input.name); }

void require_rank(const Node& input, const Shape& shape) {
  if (shape.rank() == input.outputs[0].rank()) return;
  mismatch(fmt::format("input '{}' has shape {}, expected {}", input.name, shape.str(), input.outputs[0].str()));
}

void bind_past(std::span<const PastLength> past, Bindings& symbols) {
  for (const PastLength& length : past) {
    const auto [bound, is_new] = symbols.emplace(length.symbol, length.tokens);
    if (is_new || bound->second == length.tokens) continue;
    mismatch(fmt::format("symbol '{}' is {} already, but a state holds {} tokens", length.symbol, bound->second,
                         length.tokens));
  }
}

void bind_shape(const Node& input, const Shape& shape, Bindings& symbols) {
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto symbol = input.outputs[0].shape[std::size_t(axis)].bare_symbol();
    if (!symbol) continue;
    const auto [bound, is_new] = symbols.emplace(*symbol, shape[axis]);
    if (is_new || bound->second == shape[axis]) continue;
    mismatch(fmt::format("{} is {}, but symbol '{}' is {} already", place(input, axis), shape[axis], *symbol,
                         bound->second));
  }
}

void check_shape(const Node& input, const Shape& shape, const Bindings& symbols) {
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Dim& dim = input.outputs[0].shape[std::size_t(axis)];
    const std::int64_t expected = dim.evaluate(symbols);
    if (expected == shape[axis]) continue;
    const std::string meaning = dim.integer() ? "" : " = " + dim.str();
    mismatch(fmt::format("{} is {}, expected {}{}", place(input, axis), shape[axis], expected, meaning));
  }
}

void check_assumptions(const Assumptions& assumptions, const Bindings& symbols) {
  for (const Dim& dim : assumptions.nonnegative()) {
    bool known = true;  // a symbol that nothing in the model uses may stay unbound
    for (const std::string& symbol : dim.symbols()) known = known && symbols.contains(symbol);
    if (!known || dim.evaluate(symbols) >= 0) continue;
    std::string values;
    for (const std::string& symbol : dim.symbols()) {
      values += fmt::format("{}{} = {}", values.empty() ? "" : ", ", symbol, symbols.at(symbol));
    }
    mismatch(fmt::format("the model is made for {} >= 0, but {}", dim.str(), values));
  }
}

}  // namespace

Bindings bind_symbols(const Model& model, std::span<const Shape> inputs, std::span<const PastLength> past,
                      const Bindings& bound) {
  KVPROOF_CHECK(inputs.size() == model.inputs().size());
  Bindings symbols = bound;
  bind_past(past, symbols);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    require_rank(model.node(model.inputs()[i]), inputs[i]);
    bind_shape(model.node(model.inputs()[i]), inputs[i], symbols);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) check_shape(model.node(model.inputs()[i]), inputs[i], symbols);
  check_assumptions(model.assumptions(), symbols);
  return symbols;
}

}  // namespace kvproof
