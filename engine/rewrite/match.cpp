#include "engine/rewrite/match.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

bool is_identity(const std::vector<int>& axes) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != int(i)) return false;
  }
  return true;
}

bool reads_shape(const Model& model, NodeId id) {
  return model.op_as<ShapeOf>(id) && model.node(id).outputs[0].dims && model.node(id).outputs[0].concrete_shape();
}

}  // namespace

bool is_no_op(const Model& model, NodeId id) {
  const Node& node = model.node(id);
  if (node.inputs.empty() || !node.outputs[0].same_kind(model.fact(node.inputs[0]))) return false;
  if (const auto* transpose = model.op_as<Transpose>(id)) return is_identity(transpose->axes);
  if (const auto* slice = model.op_as<Slice>(id)) return slice->stride == 1 && slice->begin.is(0);
  return model.op_as<Cast>(id) || model.op_as<Reshape>(id) || model.op_as<Broadcast>(id) || model.op_as<Tile>(id);
}

Outlet behind_no_ops(const Model& model, Outlet outlet) {
  while (is_no_op(model, outlet.node)) outlet = model.node(outlet.node).inputs[0];
  return outlet;
}

Outlet behind_own_no_ops(const Model& model, Outlet outlet) {
  while (is_no_op(model, outlet.node) && has_one_reader(model, outlet)) outlet = model.node(outlet.node).inputs[0];
  return outlet;
}

bool has_one_reader(const Model& model, Outlet outlet) {
  const auto readers = model.consumers(outlet);
  const auto elements = std::count_if(readers.begin(), readers.end(),
                                      [&](const auto& reader) { return !reads_shape(model, reader.first); });
  return elements == 1 && !model.is_output(outlet);
}

std::pair<NodeId, int> only_reader(const Model& model, Outlet outlet) {
  for (const auto& reader : model.consumers(outlet)) {
    if (!reads_shape(model, reader.first)) return reader;
  }
  KVPROOF_CHECK(!"an outlet with one reader");
  return {};
}

void tell_shapes(Patch& patch, const Model& model, Outlet outlet, Outlet source) {
  for (;;) {
    for (const auto& [reader, i] : model.consumers(outlet)) {
      if (!reads_shape(model, reader)) continue;
      const Fact& fact = model.node(reader).outputs[0];
      patch.replace({reader, 0},
                    patch.add(model.node(reader).name + "_dims",
                              std::make_shared<DimsOp>(fact.dtype, *fact.concrete_shape(), *fact.dims), {}));
    }
    if (outlet == source) return;
    outlet = model.node(outlet.node).inputs[0];
  }
}

std::optional<double> scalar_of(const Model& model, Outlet outlet) {
  const Fact& fact = model.fact(behind_no_ops(model, outlet));
  if (!fact.constant || fact.dtype == DType::kString || fact.constant->shape().elements() != 1) return std::nullopt;
  const Tensor& tensor = *fact.constant->tensor();
  if (is_float(fact.dtype)) return double(to_dtype(tensor, DType::kF32).as<float>()[0]);
  if (fact.dtype == DType::kF64) return tensor.as<double>()[0];
  if (fact.dtype == DType::kI64 || fact.dtype == DType::kDim) return double(tensor.as<std::int64_t>()[0]);
  return std::nullopt;
}

std::string describe(const Model& model, Outlet outlet) {
  const Node& node = model.node(outlet.node);
  return fmt::format("'{}' ({})", node.name, node.op->name());
}

Outlet put_in_place(Patch& patch, const Model& model, NodeId old, OpPtr op, std::vector<Outlet> inputs) {
  const Outlet outlet = patch.add(model.node(old).name, std::move(op), std::move(inputs));
  patch.replace({old, 0}, outlet);
  return outlet;
}

}  // namespace kvproof
