#include "engine/graph/listing.h"

#include <fmt/format.h>

#include <algorithm>

namespace kvproof {
namespace {

std::string spelled(const Model& model, Outlet outlet) {
  const std::string& name = model.node(outlet.node).name;
  return outlet.slot == 0 ? name : fmt::format("{}:{}", name, outlet.slot);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string facts_of(const Node& node) {
  std::vector<std::string> facts;
  for (const Fact& fact : node.outputs) facts.push_back(fact.str());
  return joined(facts);
}

// One line of a listing, in columns.
struct Line {
  std::string name, call, attributes, facts;
  bool has_state = false;
};

Line line_of(const Model& model, NodeId id) {
  const Node& node = model.node(id);
  std::vector<std::string> inputs;
  for (const Outlet input : node.inputs) inputs.push_back(spelled(model, input));
  std::string attributes = node.op->attributes(), facts = facts_of(node);
  if (attributes == facts) attributes.clear();  // an input has no others
  return {.name = node.name,
          .call = fmt::format("{}({})", node.op->name(), joined(inputs)),
          .attributes = std::move(attributes),
          .facts = std::move(facts),
          .has_state = node.op->is_stateful()};
}

// The width of a column: that of its longest text, save for texts that are longer than a line bears.
std::size_t column(const std::vector<Line>& lines, std::string Line::* text) {
  constexpr std::size_t kWidest = 48;
  std::size_t width = 0;
  for (const Line& line : lines) {
    if ((line.*text).size() <= kWidest) width = std::max(width, (line.*text).size());
  }
  return width;
}

std::string aligned(const std::vector<Line>& lines) {
  const std::size_t name = column(lines, &Line::name), call = column(lines, &Line::call);
  const std::size_t attributes = column(lines, &Line::attributes);
  std::string text;
  for (const Line& line : lines) {
    text += fmt::format("{} {:<{}} = {:<{}}  {:<{}}  -> {}\n", line.has_state ? '*' : ' ', line.name, name, line.call,
                        call, line.attributes, attributes, line.facts);
  }
  return text;
}

std::string header(const Model& model) {
  std::string text;
  for (const NodeId id : model.inputs()) {
    text += fmt::format("input   {}: {}\n", model.node(id).name, model.fact({id, 0}).str());
  }
  for (const Output& output : model.outputs()) {
    text += fmt::format("output  {} = {}: {}\n", output.name, spelled(model, output.outlet),
                        model.fact(output.outlet).str());
  }
  for (const std::string& symbol : model.symbols()) text += fmt::format("symbol  {}\n", symbol);
  for (const Assertion& assertion : model.assertions()) {
    const std::string scenario = assertion.scenario.empty() ? "" : assertion.scenario + ": ";
    text += fmt::format("assert  {}{}\n", scenario, assertion.text);
  }
  return text;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result + '"';
}

// How a node looks in a picture.
std::string style(const Model& model, NodeId id) {
  if (model.op_as<ConstantOp>(id)) return "shape=plaintext, fontsize=8";
  if (model.op_as<InputOp>(id)) return "shape=ellipse";
  if (model.node(id).op->is_stateful()) return "shape=box, style=filled, fillcolor=\"#ffd58a\"";
  return "shape=box";
}

std::string label(const Model& model, NodeId id) {
  const Node& node = model.node(id);
  if (model.op_as<InputOp>(id) || model.op_as<ConstantOp>(id)) return fmt::format("{} {}", node.name, facts_of(node));
  return fmt::format("{} {}", node.op->name(), node.name);
}

}  // namespace

std::string listing(const Model& model) {
  const std::vector<NodeId> order = model.order();
  std::vector<bool> needed(std::size_t(model.node_limit()));
  std::vector<Line> lines, dead;
  for (const NodeId id : order) {
    needed[std::size_t(id)] = true;
    lines.push_back(line_of(model, id));
  }
  for (const NodeId id : model.nodes()) {
    if (!needed[std::size_t(id)]) dead.push_back(line_of(model, id));
  }
  return header(model) + "\n" + aligned(lines) + (dead.empty() ? "" : "\ndead\n" + aligned(dead));
}

std::string dot(const Model& model) {
  std::string text = "digraph model {\n  node [fontname=\"Helvetica\", fontsize=10];\n  edge [fontsize=8];\n";
  for (const NodeId id : model.nodes()) {
    text += fmt::format("  n{} [label={}, tooltip={}, {}];\n", id, quoted(label(model, id)),
                        quoted(model.node(id).op->attributes()), style(model, id));
  }
  for (const NodeId id : model.nodes()) {
    for (const Outlet input : model.node(id).inputs) {
      text += fmt::format("  n{} -> n{} [label={}];\n", input.node, id, quoted(model.fact(input).str()));
    }
  }
  for (std::size_t i = 0; i < model.outputs().size(); ++i) {
    const Output& output = model.outputs()[i];
    text += fmt::format("  out{} [label={}, shape=ellipse, peripheries=2];\n", i, quoted(output.name));
    text += fmt::format("  n{} -> out{} [label={}];\n", output.outlet.node, i, quoted(model.fact(output.outlet).str()));
  }
  return text + "}\n";
}

}  // namespace kvproof
