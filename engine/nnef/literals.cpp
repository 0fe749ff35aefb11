// Literals as tensors and dimensions.
#include <algorithm>

#include "engine/nnef/evaluator.h"
#include "engine/nnef/lexer.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef {
namespace {

// A nested array, flat.
struct Leaves {
  std::vector<std::int64_t> shape;
  std::vector<const Argument*> items;  // row-major
};

void collect(const Argument& argument, std::size_t level, Leaves& leaves) {
  const auto* items = std::get_if<std::vector<Argument>>(&argument.value);
  const bool is_first = leaves.items.empty() && leaves.shape.size() == level;
  if (items == nullptr) {
    if (leaves.shape.size() != level) fail_at(argument.from->at, "this array is not rectangular");
    leaves.items.push_back(&argument);
    return;
  }
  if (is_first) leaves.shape.push_back(std::int64_t(items->size()));
  if (level >= leaves.shape.size() || leaves.shape[level] != std::int64_t(items->size())) {
    fail_at(argument.from->at, "this array is not rectangular");
  }
  for (const Argument& item : *items) collect(item, level + 1, leaves);
}

template <class T>
bool all_are(const Leaves& leaves) {
  return std::all_of(leaves.items.begin(), leaves.items.end(),
                     [](const Argument* a) { return std::holds_alternative<T>(a->value); });
}

template <class T, class Get>
Constant tensor_of(DType dtype, const Shape& shape, const Leaves& leaves, Get get) {
  Tensor tensor(dtype, shape);
  T* out = tensor.as<T>();
  for (const Argument* item : leaves.items) *out++ = get(*item);
  return tensor;
}

std::optional<float> real(const Argument& argument) {
  if (const float* value = std::get_if<float>(&argument.value)) return *value;
  const Dim* dim = std::get_if<Dim>(&argument.value);
  if (dim == nullptr || !dim->integer()) return std::nullopt;
  return float(*dim->integer());
}

Outlet dims_tensor(Evaluator& evaluator, const Shape& shape, std::vector<Dim> values) {
  const bool is_constant =
      std::all_of(values.begin(), values.end(), [](const Dim& d) { return d.integer().has_value(); });
  if (!is_constant) return evaluator.add_dims(DType::kDim, shape, std::move(values));
  Tensor tensor(DType::kDim, shape);
  std::transform(values.begin(), values.end(), tensor.as<std::int64_t>(), [](const Dim& d) { return *d.integer(); });
  return evaluator.add_constant(std::move(tensor));
}

Outlet leaves_tensor(Evaluator& evaluator, const Argument& argument, const Leaves& leaves) {
  if (leaves.shape.size() > std::size_t(Shape::kMaxRank)) {
    fail_at(argument.from->at, "arrays are nested deeper than " + std::to_string(Shape::kMaxRank) + " axes");
  }
  const Shape shape{std::span<const std::int64_t>(leaves.shape)};
  if (shape.elements() != 0 && all_are<bool>(leaves)) {
    return evaluator.add_constant(
        tensor_of<bool>(DType::kBool, shape, leaves, [](const Argument& a) { return std::get<bool>(a.value); }));
  }
  if (shape.elements() != 0 && all_are<std::string>(leaves)) {
    Strings strings{shape, {}};
    for (const Argument* item : leaves.items) strings.values.push_back(std::get<std::string>(item->value));
    return evaluator.add_constant(std::move(strings));
  }
  std::vector<Dim> dims;
  for (const Argument* item : leaves.items) {
    if (const auto dim = known_dim(evaluator.model(), *item)) dims.push_back(*dim);
  }
  if (dims.size() == leaves.items.size()) return dims_tensor(evaluator, shape, std::move(dims));
  for (const Argument* item : leaves.items) {
    if (!real(*item)) {
      fail_at(item->from->at, "expected a number, found " + describe(evaluator.model(), *item));
    }
  }
  return evaluator.add_constant(
      tensor_of<float>(DType::kF32, shape, leaves, [](const Argument& a) { return *real(a); }));
}

}  // namespace

Outlet to_outlet(Evaluator& evaluator, const Argument& argument) {
  if (const Outlet* outlet = std::get_if<Outlet>(&argument.value)) return *outlet;
  Leaves leaves;
  collect(argument, 0, leaves);
  return leaves_tensor(evaluator, argument, leaves);
}

std::optional<Dim> known_dim(const Model& model, const Argument& argument) {
  if (const Dim* dim = std::get_if<Dim>(&argument.value)) return *dim;
  const Outlet* outlet = std::get_if<Outlet>(&argument.value);
  if (outlet == nullptr) return std::nullopt;
  const Fact& fact = model.fact(*outlet);
  if (fact.dims == nullptr || fact.dims->size() != 1) return std::nullopt;
  return fact.dims->front();
}

std::string describe(const Model& model, const Argument& argument) {
  struct Describe {
    const Model& model;
    std::string operator()(const Dim& dim) const { return dim.str(); }
    std::string operator()(float value) const { return rust_number(value); }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(const std::string& value) const { return "the string '" + value + "'"; }
    std::string operator()(const Outlet& outlet) const { return "a tensor " + model.fact(outlet).str(); }
    std::string operator()(const std::vector<Argument>& items) const {
      return "an array of " + std::to_string(items.size());
    }
  };
  if (argument.from == nullptr) return "nothing";
  return std::visit(Describe{model}, argument.value);
}

std::optional<Outlet> folded_cast(Evaluator& evaluator, const Op& op, const Outlets& inputs) {
  const auto* cast = dynamic_cast<const Cast*>(&op);
  if (cast == nullptr || !evaluator.is_literal(inputs.front().node)) return std::nullopt;
  const Model& model = evaluator.model();
  const NodeId from = inputs.front().node;
  if (const auto* dims = model.op_as<DimsOp>(from); dims != nullptr && is_integer(cast->to)) {
    return evaluator.add_dims(cast->to, dims->shape, dims->values);
  }
  const auto* constant = model.op_as<ConstantOp>(from);
  if (constant == nullptr || constant->value().strings() != nullptr) return std::nullopt;
  const auto results = evaluate(op, std::vector<Value>{Value(constant->value().tensor())});
  return evaluator.add_constant(Tensor(results.front().view()));
}

}  // namespace kvproof::nnef
