#include "engine/graph/fold.h"

#include <algorithm>
#include <optional>

#include "engine/base/error.h"
#include "engine/graph/workspace.h"

namespace kvproof {
namespace {

constexpr std::size_t kLargestGrowth = std::size_t{64} << 20;

template <class T>
void store(const std::vector<Dim>& values, Tensor& to) {
  std::transform(values.begin(), values.end(), to.as<T>(), [](const Dim& dim) { return T(*dim.integer()); });
}

// The elements, if facts tell them.
std::optional<Constant> known(const Fact& fact) {
  if (fact.constant) return *fact.constant;
  const std::optional<Shape> shape = fact.concrete_shape();
  if (!fact.dims || !shape) return std::nullopt;
  if (!std::all_of(fact.dims->begin(), fact.dims->end(), [](const Dim& dim) { return dim.integer().has_value(); })) {
    return std::nullopt;
  }
  Tensor tensor(fact.dtype, *shape);
  switch (fact.dtype) {
    case DType::kBool:
      store<bool>(*fact.dims, tensor);
      break;
    case DType::kI8:
      store<std::int8_t>(*fact.dims, tensor);
      break;
    case DType::kU8:
      store<std::uint8_t>(*fact.dims, tensor);
      break;
    case DType::kI16:
      store<std::int16_t>(*fact.dims, tensor);
      break;
    case DType::kU16:
      store<std::uint16_t>(*fact.dims, tensor);
      break;
    case DType::kI32:
      store<std::int32_t>(*fact.dims, tensor);
      break;
    case DType::kU32:
      store<std::uint32_t>(*fact.dims, tensor);
      break;
    case DType::kU64:
      store<std::uint64_t>(*fact.dims, tensor);
      break;
    default:  // kI64 and kDim: a fact with dims is of integers or bools
      store<std::int64_t>(*fact.dims, tensor);
  }
  return Constant(std::move(tensor));
}

std::optional<std::vector<Constant>> known(const Node& node) {
  std::vector<Constant> result;
  for (const Fact& fact : node.outputs) {
    std::optional<Constant> value = known(fact);
    if (!value) return std::nullopt;
    result.push_back(std::move(*value));
  }
  return result;
}

// What the node computes from constants alone, if that is possible and worth its memory.
std::optional<std::vector<Constant>> computed(const Model& model, const Node& node) {
  std::vector<Value> inputs;
  std::size_t taken = 0, made = 0;
  for (const Outlet outlet : node.inputs) {
    const auto* constant = model.op_as<ConstantOp>(outlet.node);
    if (!constant || constant->value().strings()) return std::nullopt;
    inputs.emplace_back(constant->value().tensor());
    taken += inputs.back().view().size_bytes();
  }
  for (const Fact& fact : node.outputs) {
    const std::optional<Shape> shape = fact.concrete_shape();
    if (!shape) return std::nullopt;
    made += std::size_t(shape->elements()) * size_of(fact.dtype);
  }
  if (made > kLargestGrowth && made > taken) return std::nullopt;
  try {
    const Bindings no_symbols;
    Workspace workspace;
    Evaluation evaluation(no_symbols, node.outputs, workspace);
    std::vector<Constant> result;
    for (const Value& value : node.op->eval(inputs, evaluation)) result.emplace_back(Tensor(value.view()));
    return result;
  } catch (const Error&) {  // it needs a symbol, or its elements do not fit: a turn will tell
    return std::nullopt;
  }
}

}  // namespace

void fold_constants(Model& model) {
  for (const NodeId id : model.order()) {
    const Node& node = model.node(id);
    if (node.op->is_stateful() || model.op_as<InputOp>(id) || model.op_as<ConstantOp>(id)) continue;
    std::optional<std::vector<Constant>> values = known(node);
    if (!values) values = computed(model, node);
    if (!values) continue;
    const std::string name = node.name;
    model.rename(id, model.free_name(name + "_folded"));
    for (int i = 0; i < int(values->size()); ++i) {
      model.redirect({id, i}, model.add_constant(model.free_name(name), (*values)[std::size_t(i)]));
    }
    model.remove(id);
  }
  model.remove_dead();
}

}  // namespace kvproof
