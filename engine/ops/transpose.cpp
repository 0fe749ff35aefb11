// Operators whose result is one strided look at the input: transpose, broadcast, tile.

#include "engine/ops/fact_rules.h"
#include "engine/ops/layout.h"
#include "engine/ops/strided.h"

namespace kvproof {
namespace {

std::string list_text(std::span<const int> numbers) {
  std::string text = "[";
  for (const int n : numbers) text += (text.size() > 1 ? "," : "") + std::to_string(n);
  return text + "]";
}

}  // namespace

std::string Transpose::attributes() const { return "axes = " + list_text(axes); }

std::vector<Fact> Transpose::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  std::vector<bool> used(axes.size(), false);
  for (const int axis : axes) {
    require_axis(*this, axis, inputs[0].rank());
    if (std::size_t(axis) < used.size()) used[std::size_t(axis)] = true;
  }
  if (axes.size() != inputs[0].shape.size() || used != std::vector<bool>(axes.size(), true)) {
    refuse(*this, list_text(axes) + " is no permutation of the axes of " + inputs[0].str());
  }
  Fact result(inputs[0].dtype, {});
  for (const int axis : axes) result.shape.push_back(inputs[0].shape[std::size_t(axis)]);
  return {with_moved_dims(*this, inputs, 1, std::move(result))};
}

std::vector<Value> Transpose::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape& from = inputs[0].shape();
  const Shape to = evaluation.output_shape();
  const std::vector<std::int64_t> sources = dense_strides(from), targets = dense_strides(to);
  std::vector<CopyAxis> copy;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    copy.push_back({from[axes[i]], sources[std::size_t(axes[i])], targets[i]});
  }
  return {strided_output(inputs[0], copy, 0, evaluation)};
}

std::string Broadcast::attributes() const { return "shape = " + dims_text(shape); }

std::vector<Fact> Broadcast::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  Fact result(inputs[0].dtype, shape);
  require_shape(*this, result);
  const std::vector<Dim>& from = inputs[0].shape;
  const std::string both = inputs[0].str() + " to " + dims_text(shape);
  if (from.size() > shape.size()) refuse(*this, both + ": the rank would fall");
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!from[i].is(1)) same_size(*this, from[i], shape[shape.size() - from.size() + i], both);
  }
  return {with_moved_dims(*this, inputs, 1, std::move(result))};
}

std::vector<Value> Broadcast::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape& from = inputs[0].shape();
  const Shape to = evaluation.output_shape();
  const std::vector<std::int64_t> sources = dense_strides(from), targets = dense_strides(to);
  std::vector<CopyAxis> copy;
  for (int i = 0; i < to.rank(); ++i) {
    const int at = i - (to.rank() - from.rank());
    const bool repeated = at < 0 || from[at] == 1;
    if (!repeated && from[at] != to[i])
      refuse(*this, from.str() + " to " + to.str() + ": an axis is neither equal nor 1");
    copy.push_back({to[i], repeated ? 0 : sources[std::size_t(at)], targets[std::size_t(i)]});
  }
  return {strided_output(inputs[0], copy, 0, evaluation)};
}

OpPtr Broadcast::substitute(const Substitution& with) const {
  std::vector<Dim> to = substituted(shape, with);
  return to == shape ? nullptr : std::make_shared<Broadcast>(std::move(to));
}

std::string Tile::attributes() const { return "repeats = " + dims_text(repeats); }

std::vector<Fact> Tile::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  if (repeats.size() != inputs[0].shape.size()) {
    refuse(*this, "repeats " + dims_text(repeats) + " for " + inputs[0].str() + ", expected one for each axis");
  }
  Fact result(inputs[0].dtype, {});
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    result.shape.push_back(inputs[0].shape[i] * repeats[i]);
  }
  require_shape(*this, result);
  return {with_moved_dims(*this, inputs, 1, std::move(result))};
}

std::vector<Value> Tile::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape& from = inputs[0].shape();
  const std::vector<std::int64_t> sources = dense_strides(from), targets = dense_strides(evaluation.output_shape());
  std::vector<CopyAxis> copy;
  for (int i = 0; i < from.rank(); ++i) {
    const std::size_t at = std::size_t(i);
    copy.push_back({evaluation.evaluate(repeats[at]), 0, from[i] * targets[at]});
    copy.push_back({from[i], sources[at], targets[at]});
  }
  return {strided_output(inputs[0], copy, 0, evaluation)};
}

OpPtr Tile::substitute(const Substitution& with) const {
  std::vector<Dim> times = substituted(repeats, with);
  return times == repeats ? nullptr : std::make_shared<Tile>(std::move(times));
}

}  // namespace kvproof
