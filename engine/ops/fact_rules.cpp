#include "engine/ops/fact_rules.h"

#include <optional>

#include "engine/base/error.h"
#include "engine/graph/workspace.h"

namespace kvproof {
namespace {

// The elements of a tdim tensor, written by `element(i)`.
template <class Element>
Value tdims(const Shape& shape, const Element& element) {
  Tensor tensor(DType::kDim, shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) tensor.as<std::int64_t>()[i] = element(std::size_t(i));
  return tensor;
}

std::optional<Value> known_integers(const Fact& fact) {
  const std::optional<Shape> shape = fact.concrete_shape();
  if (!shape || !fact.dims) return std::nullopt;
  for (const Dim& d : *fact.dims) {
    if (!d.integer()) return std::nullopt;
  }
  return tdims(*shape, [&](std::size_t i) { return *(*fact.dims)[i].integer(); });
}

}  // namespace

void refuse(const Op& op, const std::string& why) {
  throw Error(ErrorCode::kMismatch, std::string(op.name()) + ": " + why);
}

void require_inputs(const Op& op, std::span<const Fact> inputs, std::size_t n) {
  if (inputs.size() == n) return;
  refuse(op, std::to_string(inputs.size()) + " inputs, expected " + std::to_string(n));
}

void require_axis(const Op& op, int axis, int rank) {
  if (axis >= 0 && axis < rank) return;
  refuse(op, "axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
}

void require_shape(const Op& op, const Fact& result) {
  if (result.rank() > Shape::kMaxRank) {
    refuse(op, "the result " + result.str() + " has more than " + std::to_string(Shape::kMaxRank) + " axes");
  }
  for (const Dim& size : result.shape) {
    if (size.integer().value_or(0) < 0) refuse(op, "the result " + result.str() + " has a negative size");
  }
}

bool surely_differ(const Dim& a, const Dim& b) { return (a - b).integer().value_or(0) != 0; }

Dim same_size(const Op& op, const Dim& a, const Dim& b, const std::string& what) {
  if (surely_differ(a, b)) refuse(op, what + ": " + a.str() + " and " + b.str() + " differ");
  return b.integer() ? b : a;
}

Dim broadcast_size(const Op& op, const Dim& a, const Dim& b, const std::string& what) {
  const std::optional<Dim> size = broadcast_dim(a, b);
  if (!size) refuse(op, what + ": " + a.str() + " and " + b.str() + " differ");
  return *size;
}

std::string dims_text(std::span<const Dim> dims) {
  std::string text = "[";
  for (const Dim& d : dims) text += (text.size() > 1 ? "," : "") + d.str();
  return text + "]";
}

Dim product_of(std::span<const Dim> dims) {
  Dim product = 1;
  for (const Dim& d : dims) product = product * d;
  return product;
}

std::vector<Dim> substituted(std::span<const Dim> dims, const Substitution& with) {
  std::vector<Dim> all;
  for (const Dim& d : dims) all.push_back(d.substitute(with));
  return all;
}

Fact with_moved_dims(const Op& op, std::span<const Fact> inputs, std::size_t moved, Fact result) {
  const std::optional<Shape> shape = result.concrete_shape();
  if (!shape || std::size_t(shape->elements()) > Fact::kMaxDims) return result;
  std::vector<Value> values;
  std::vector<Dim> elements = {0};  // by their numbers
  for (const Fact& fact : inputs.first(moved)) {
    const std::optional<Shape> from = fact.concrete_shape();
    if (!from || !fact.dims) return result;
    values.push_back(tdims(*from, [&](std::size_t i) { return std::int64_t(elements.size() + i); }));
    elements.insert(elements.end(), fact.dims->begin(), fact.dims->end());
  }
  for (const Fact& fact : inputs.subspan(moved)) {
    std::optional<Value> known = known_integers(fact);
    if (!known) return result;
    values.push_back(std::move(*known));
  }
  const Bindings none;
  const Fact numbers(DType::kDim, result.shape);
  Workspace workspace;
  Evaluation evaluation(none, {&numbers, 1}, workspace);
  const Value places = op.eval(values, evaluation)[0];
  std::vector<Dim> dims;
  for (std::int64_t i = 0; i < shape->elements(); ++i) {
    dims.push_back(elements[std::size_t(places.as<std::int64_t>()[i])]);
  }
  return Fact::of_dims(result.dtype, *shape, std::move(dims));
}

}  // namespace kvproof
