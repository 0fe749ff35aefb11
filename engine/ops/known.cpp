#include "engine/ops/known.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/graph/workspace.h"
#include "engine/ops/broadcast.h"
#include "engine/ops/convert.h"
#include "engine/ops/element.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/floating.h"

namespace kvproof {
namespace {

bool holds_dims(DType type) { return is_integer(type) || type == DType::kBool; }

// The integer that a floating element is. None for a fraction or what 64 bits do not hold.
std::optional<Dim> integer_of(double value) {
  if (std::trunc(value) != value || std::abs(value) >= 0x1p63) return std::nullopt;
  return Dim(std::int64_t(value));
}

// The elements as dims, those of small floating constants included.
std::optional<std::vector<Dim>> known_dims(const Fact& fact) {
  if (fact.dims) return *fact.dims;
  if (!fact.constant || !is_floating(fact.dtype)) return std::nullopt;
  if (std::size_t(fact.constant->shape().elements()) > Fact::kMaxDims) return std::nullopt;
  const Tensor wide = converted(fact.constant->tensor()->view(), DType::kF64);
  std::vector<Dim> dims;
  for (std::int64_t i = 0; i < wide.shape().elements(); ++i) {
    const std::optional<Dim> dim = integer_of(wide.as<double>()[i]);
    if (!dim) return std::nullopt;
    dims.push_back(*dim);
  }
  return dims;
}

// Floating before integer before bool, then the narrower: what is computed in 16 bits stays so when symbols are bound
// and it becomes a literal, too.
DType stronger(DType a, DType b) {
  const auto weight = [](DType type) {
    const int kind = is_floating(type) ? 2 : is_integer(type) ? 1 : 0;
    return kind * 16 - int(size_of(type));
  };
  return weight(a) >= weight(b) ? a : b;
}

void require_that_it_fits(const Op& op, const Fact& literal, DType type) {
  if (!holds_dims(type)) return;
  const std::optional<std::vector<Dim>> dims = known_dims(literal);
  const bool symbolic = dims && !dims->front().integer();
  if (symbolic || (dims && fits(dims->front(), type, {}))) return;
  const std::string value = dims ? dims->front().str() : "a fraction or out of range";
  refuse(op, fmt::format("a literal of type {} meets {}: it is {}", name_of(literal.dtype), name_of(type), value));
}

std::optional<std::vector<Dim>> element_dims(std::span<const Fact> inputs, const Shape& shape,
                                             const DimFunction& element) {
  std::vector<std::vector<Dim>> operands;
  std::vector<Shape> shapes;
  for (const Fact& input : inputs) {
    std::optional<std::vector<Dim>> dims = known_dims(input);
    if (!dims) return std::nullopt;
    operands.push_back(std::move(*dims));
    shapes.push_back(*input.concrete_shape());
  }
  const BroadcastWalk walk(shape, shapes);
  std::vector<Dim> result;
  bool known = true;
  walk.runs(0, shape.elements(), [&](std::int64_t, const BroadcastWalk::Offsets& first, std::int64_t n) {
    for (std::int64_t i = 0; i < n && known; ++i) {
      std::vector<Dim> arguments;
      for (std::size_t o = 0; o < operands.size(); ++o) {
        arguments.push_back(operands[o][std::size_t(first[o] + i * walk.step(int(o)))]);
      }
      std::optional<Dim> dim = within_64_bits(element, arguments);
      known = dim.has_value();
      if (known) result.push_back(std::move(*dim));
    }
  });
  if (!known) return std::nullopt;
  return result;
}

// The elements, where they are the same in every run.
std::optional<Value> known_value(const Fact& fact) {
  if (fact.constant) return Value(fact.constant->tensor());
  if (!fact.dims) return std::nullopt;
  Tensor integers(DType::kI64, *fact.concrete_shape());
  std::int64_t* to = integers.as<std::int64_t>();
  for (const Dim& dim : *fact.dims) {
    if (!dim.integer()) return std::nullopt;
    *to++ = *dim.integer();
  }
  return Value(converted(integers.view(), fact.dtype));
}

std::optional<Constant> folded(const Op& op, std::span<const Fact> inputs, const Fact& result) {
  std::vector<Value> values;
  for (const Fact& input : inputs) {
    std::optional<Value> value = known_value(input);
    if (!value) return std::nullopt;
    values.push_back(std::move(*value));
  }
  const Bindings none;
  Workspace workspace;
  Evaluation evaluation(none, {&result, 1}, workspace);
  return Constant(Tensor(op.eval(values, evaluation).front().view()));
}

// Whether it is a single element that is known, as a constant or as an expression.
bool is_literal(const Fact& fact) {
  const auto is_one = [](const Dim& dim) { return dim.is(1); };
  return (fact.constant || fact.dims) && std::all_of(fact.shape.begin(), fact.shape.end(), is_one);
}

}  // namespace

DType common_type(const Op& op, const Fact& a, const Fact& b) {
  if (a.dtype == DType::kString || b.dtype == DType::kString) refuse(op, "strings are no operands");
  if (a.dtype == b.dtype) return a.dtype;
  if (counts(a.dtype) && counts(b.dtype)) return DType::kDim;
  if (!is_literal(a) && !is_literal(b)) {
    refuse(op, fmt::format("operands {} and {} differ in type and none is a constant scalar", a.str(), b.str()));
  }
  DType type = is_literal(a) ? b.dtype : a.dtype;
  if (is_literal(a) && is_literal(b)) type = stronger(a.dtype, b.dtype);
  require_that_it_fits(op, type == a.dtype ? b : a, type);
  return type;
}

std::optional<Dim> within_64_bits(const DimFunction& element, std::span<const Dim> operands) {
  try {
    return element(operands);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool fits(const Dim& dim, DType type, const Assumptions& assumptions) {
  const std::optional<std::int64_t> value = dim.integer();
  if (type == DType::kBool) return value && (*value == 0 || *value == 1);
  return visit_integer(type, [&]<class T>(std::type_identity<T>) {
    if (value) return std::in_range<T>(*value);
    return sizeof(T) >= 4 && (std::is_signed_v<T> || assumptions.implies_at_least(dim, 0));
  });
}

Fact with_known_elements(const Op& op, std::span<const Fact> inputs, const Assumptions& assumptions, Fact result,
                         const DimFunction& element) {
  const std::optional<Shape> shape = result.concrete_shape();
  if (!shape || std::size_t(shape->elements()) > Fact::kMaxDims) return result;
  if (holds_dims(result.dtype)) {
    std::optional<std::vector<Dim>> dims = element_dims(inputs, *shape, element);
    const auto fit = [&](const Dim& dim) { return fits(dim, result.dtype, assumptions); };
    if (dims && std::all_of(dims->begin(), dims->end(), fit)) {
      return Fact::of_dims(result.dtype, *shape, std::move(*dims));
    }
  }
  if (std::optional<Constant> constant = folded(op, inputs, result)) return Fact(std::move(*constant));
  return result;
}

}  // namespace kvproof
