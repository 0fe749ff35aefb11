// Operators that give the same memory another shape.

#include "engine/ops/fact_rules.h"
#include "engine/ops/layout.h"

namespace kvproof {

std::string Reshape::attributes() const { return "shape = " + dims_text(shape); }

std::vector<Fact> Reshape::facts(std::span<const Fact> inputs, const Assumptions& assumptions) const {
  require_inputs(*this, inputs, 1);
  Fact result(inputs[0].dtype, shape);
  require_shape(*this, result);
  const Dim before = product_of(inputs[0].shape), after = product_of(shape);
  if (surely_differ(before, after) || assumptions.implies_at_least(before, after + 1) ||
      assumptions.implies_at_least(after, before + 1)) {
    refuse(*this, inputs[0].str() + " has not as many elements as " + dims_text(shape));
  }
  return {with_moved_dims(*this, inputs, 1, std::move(result))};
}

std::vector<Value> Reshape::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape to = evaluation.output_shape();
  if (inputs[0].shape().elements() != to.elements()) {
    refuse(*this, inputs[0].shape().str() + " has not as many elements as " + to.str());
  }
  return {inputs[0].reshaped(to)};
}

OpPtr Reshape::substitute(const Substitution& with) const {
  std::vector<Dim> to = substituted(shape, with);
  return to == shape ? nullptr : std::make_shared<Reshape>(std::move(to));
}

std::string Unsqueeze::attributes() const { return "axis = " + std::to_string(axis); }

std::vector<Fact> Unsqueeze::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  require_axis(*this, axis, inputs[0].rank() + 1);
  Fact result(inputs[0].dtype, inputs[0].shape);
  result.shape.insert(result.shape.begin() + axis, Dim(1));
  require_shape(*this, result);
  return {with_moved_dims(*this, inputs, 1, std::move(result))};
}

std::vector<Value> Unsqueeze::eval(std::span<const Value> inputs, Evaluation&) const {
  const std::span<const std::int64_t> dims = inputs[0].shape().dims();
  std::vector<std::int64_t> to(dims.begin(), dims.end());
  to.insert(to.begin() + axis, 1);
  return {inputs[0].reshaped(Shape(to))};
}

std::string Squeeze::attributes() const { return "axis = " + std::to_string(axis); }

std::vector<Fact> Squeeze::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  require_axis(*this, axis, inputs[0].rank());
  if (surely_differ(inputs[0].shape[std::size_t(axis)], 1)) {
    refuse(*this, "axis " + std::to_string(axis) + " of " + inputs[0].str() + " is not 1");
  }
  Fact result(inputs[0].dtype, inputs[0].shape);
  result.shape.erase(result.shape.begin() + axis);
  return {with_moved_dims(*this, inputs, 1, std::move(result))};
}

std::vector<Value> Squeeze::eval(std::span<const Value> inputs, Evaluation&) const {
  const Shape& from = inputs[0].shape();
  if (from[axis] != 1) refuse(*this, "axis " + std::to_string(axis) + " of " + from.str() + " is not 1");
  std::vector<std::int64_t> to(from.dims().begin(), from.dims().end());
  to.erase(to.begin() + axis);
  return {inputs[0].reshaped(Shape(to))};
}

}  // namespace kvproof
