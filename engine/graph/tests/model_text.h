// Everything that can be asked of a model, as text: equal text, equal model, names and ids included.
#pragma once

#include <string>

#include "engine/graph/model.h"

namespace kvproof {

inline std::string text_of(Outlet outlet) { return std::to_string(outlet.node) + ":" + std::to_string(outlet.slot); }

inline std::string text_of(const Model& model) {
  std::string text = "limit " + std::to_string(model.node_limit());
  for (const NodeId id : model.nodes()) {
    const Node& node = model.node(id);
    text += "\n" + std::to_string(id) + " " + node.name + " = " + std::string(node.op->name()) + "(";
    for (const Outlet input : node.inputs) text += text_of(input) + " ";
    text += node.op->attributes() + ")";
    for (int i = 0; i < int(node.outputs.size()); ++i) {
      text += " -> " + node.outputs[std::size_t(i)].str() + (model.is_output({id, i}) ? " out" : "") + " read by";
      for (const auto& [reader, input] : model.consumers({id, i})) text += " " + text_of(Outlet{reader, input});
    }
    if (model.find(node.name) != id) text += " NAME LOST";
  }
  text += "\ninputs";
  for (const NodeId id : model.inputs()) text += " " + std::to_string(id);
  text += "\noutputs";
  for (const Output& output : model.outputs()) text += " " + output.name + "=" + text_of(output.outlet);
  text += "\nsymbols";
  for (const std::string& symbol : model.symbols()) text += " " + symbol;
  for (const Dim& dim : model.assumptions().nonnegative()) text += "\n" + dim.str() + " >= 0";
  return text;
}

// Whether nodes and consumers tell of the same edges.
inline bool is_consistent(const Model& model) {
  std::size_t edges = 0, readers = 0;
  for (const NodeId id : model.nodes()) {
    const Node& node = model.node(id);
    edges += node.inputs.size();
    for (int i = 0; i < int(node.outputs.size()); ++i) {
      for (const auto& [reader, input] : model.consumers({id, i})) {
        ++readers;
        if (model.node(reader).inputs[std::size_t(input)] != Outlet{id, i}) return false;
      }
    }
  }
  return edges == readers;
}

}  // namespace kvproof
