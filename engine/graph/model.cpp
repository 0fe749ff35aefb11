#include "engine/graph/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/graph/dim_parse.h"

namespace kvproof {

// Building.

Outlet Model::add_input(const std::string& name, Fact fact) {
  require_new_name(name);
  const NodeId id = append(name, std::make_shared<InputOp>(std::move(fact)), {});
  inputs_.push_back(id);
  return {id, 0};
}

Outlet Model::add_constant(const std::string& name, Constant value) {
  return add(name, std::make_shared<ConstantOp>(std::move(value)), {});
}

std::vector<Outlet> Model::add_node(const std::string& name, OpPtr op, std::span<const Outlet> inputs) {
  KVPROOF_CHECK(op != nullptr && dynamic_cast<const InputOp*>(op.get()) == nullptr);
  require_new_name(name);
  const NodeId id = append(name, std::move(op), inputs);
  std::vector<Outlet> outlets;
  for (int i = 0; i < int(node(id).outputs.size()); ++i) outlets.push_back({id, i});
  return outlets;
}

Outlet Model::add(const std::string& name, OpPtr op, std::initializer_list<Outlet> inputs) {
  const std::vector<Outlet> outlets = add_node(name, std::move(op), {inputs.begin(), inputs.size()});
  KVPROOF_CHECK(outlets.size() == 1);
  return outlets[0];
}

void Model::add_output(const std::string& name, Outlet outlet) {
  require_new_output({name, outlet});
  insert_output(outputs_.size(), {name, outlet});
}

void Model::set_outputs(std::vector<Output> outputs) {
  Model changed(*this);
  while (!changed.outputs_.empty()) changed.erase_output(changed.outputs_.size() - 1);
  for (const Output& output : outputs) changed.add_output(output.name, output.outlet);
  *this = std::move(changed);
}

void Model::set_inputs(std::vector<NodeId> inputs) {
  KVPROOF_CHECK(std::is_permutation(inputs.begin(), inputs.end(), inputs_.begin(), inputs_.end()));
  inputs_ = std::move(inputs);
}

// Names in use are mostly stem, stem_1, ... without a gap, of which there may be thousands.
std::string Model::free_name(const std::string& stem) const {
  const auto numbered = [&](int i) { return i == 0 ? stem : fmt::format("{}_{}", stem, i); };
  const auto taken = [&](int i) { return names_.contains(numbered(i)); };
  if (!taken(0)) return stem;
  int used = 0, free = 1;
  while (taken(free)) {
    used = free;
    free *= 2;
  }
  while (free - used > 1) {
    const int middle = used + (free - used) / 2;
    (taken(middle) ? used : free) = middle;
  }
  return numbered(free);
}

void Model::declare_symbol(const std::string& name) {
  assume_symbols_of(Dim::symbol(name));
  if (std::find(symbols_.begin(), symbols_.end(), name) == symbols_.end()) symbols_.push_back(name);
}

void Model::add_assertion(const Assertion& assertion) {
  const Comparison comparison = parse_comparison(assertion.text);
  assertions_.push_back(assertion);
  assume_symbols_of(comparison.left);
  assume_symbols_of(comparison.right);
  if (!assertion.scenario.empty()) return;
  for (const Dim& dim : comparison.nonnegative()) assumptions_.at_least(dim, 0);
}

void Model::require_new_name(const std::string& name) const {
  if (name.empty()) throw Error(ErrorCode::kMalformed, "a node has an empty name");
  if (names_.contains(name)) throw Error(ErrorCode::kMalformed, fmt::format("node '{}': the name is taken", name));
}

void Model::require_new_output(const Output& output) const {
  fact(output.outlet);
  if (output.name.empty()) throw Error(ErrorCode::kMalformed, "an output has an empty name");
  if (!output_names_.contains(output.name)) return;
  throw Error(ErrorCode::kMalformed, fmt::format("output '{}': the name is taken", output.name));
}

std::vector<Fact> Model::facts_of(const std::string& name, const Op& op, std::span<const Outlet> inputs) const {
  std::vector<Fact> facts;
  for (const Outlet input : inputs) facts.push_back(fact(input));
  try {
    return op.facts(facts, assumptions_);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("node '{}': {}", name, error.what()));
  }
}

void Model::assume_symbols_of(const Dim& dim) {
  for (const std::string& symbol : dim.symbols()) {
    if (assumed_.insert(symbol).second) assumptions_.at_least(Dim::symbol(symbol), 0);
  }
}

void Model::assume_symbols_of(const Fact& fact) {
  for (const Dim& dim : fact.shape) assume_symbols_of(dim);
  if (!fact.dims) return;
  for (const Dim& dim : *fact.dims) assume_symbols_of(dim);
}

NodeId Model::append(const std::string& name, OpPtr op, std::span<const Outlet> inputs) {
  Slot added;
  added.name = name;
  added.outputs = facts_of(name, *op, inputs);
  added.op = std::move(op);
  added.inputs.assign(inputs.begin(), inputs.end());
  added.consumers.resize(added.outputs.size());
  added.published.resize(added.outputs.size());
  for (const Fact& fact : added.outputs) assume_symbols_of(fact);
  const NodeId id = node_limit();
  nodes_.push_back(std::move(added));
  names_.emplace(name, id);
  for (int i = 0; i < int(inputs.size()); ++i) {
    slot(inputs[std::size_t(i)].node).consumers[std::size_t(inputs[std::size_t(i)].slot)].emplace_back(id, i);
  }
  return id;
}

// Reading.

const Node& Model::node(NodeId id) const {
  KVPROOF_CHECK(has(id));
  return nodes_[std::size_t(id)];
}

std::vector<NodeId> Model::nodes() const {
  std::vector<NodeId> ids;
  for (NodeId id = 0; id < node_limit(); ++id) {
    if (has(id)) ids.push_back(id);
  }
  return ids;
}

int Model::node_count() const { return int(names_.size()); }

NodeId Model::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? -1 : found->second;
}

const Fact& Model::fact(Outlet outlet) const {
  const Node& from = node(outlet.node);
  KVPROOF_CHECK(outlet.slot >= 0 && std::size_t(outlet.slot) < from.outputs.size());
  return from.outputs[std::size_t(outlet.slot)];
}

std::span<const std::pair<NodeId, int>> Model::consumers(Outlet outlet) const {
  fact(outlet);
  return nodes_[std::size_t(outlet.node)].consumers[std::size_t(outlet.slot)];
}

bool Model::is_output(Outlet outlet) const {
  fact(outlet);
  return nodes_[std::size_t(outlet.node)].published[std::size_t(outlet.slot)] > 0;
}

// Changing.

void Model::redirect(Outlet from, Outlet to) {
  KVPROOF_CHECK(fact(from).same_kind(fact(to)));
  if (from == to) return;
  const Consumers readers(consumers(from).begin(), consumers(from).end());
  for (const auto& [reader, input] : readers) set_reader(reader, input, to);
  for (std::size_t i = 0; is_output(from) && i < outputs_.size(); ++i) {
    if (outputs_[i].outlet == from) set_output(i, to);
  }
}

void Model::set_reader(NodeId reader, int input, Outlet to) {
  Outlet& from = slot(reader).inputs[std::size_t(input)];
  const std::pair<NodeId, int> entry(reader, input);
  const auto at = [&](Consumers& all) { return std::lower_bound(all.begin(), all.end(), entry); };
  Consumers& before = slot(from.node).consumers[std::size_t(from.slot)];
  before.erase(at(before));
  Consumers& after = slot(to.node).consumers[std::size_t(to.slot)];
  after.insert(at(after), entry);
  from = to;
}

void Model::insert_output(std::size_t place, const Output& output) {
  output_names_.insert(output.name);
  outputs_.insert(outputs_.begin() + std::ptrdiff_t(place), output);
  ++slot(output.outlet.node).published[std::size_t(output.outlet.slot)];
}

void Model::erase_output(std::size_t place) {
  const Outlet outlet = outputs_[place].outlet;
  --slot(outlet.node).published[std::size_t(outlet.slot)];
  output_names_.erase(outputs_[place].name);
  outputs_.erase(outputs_.begin() + std::ptrdiff_t(place));
}

void Model::set_output(std::size_t output, Outlet to) {
  Outlet& from = outputs_[output].outlet;
  --slot(from.node).published[std::size_t(from.slot)];
  ++slot(to.node).published[std::size_t(to.slot)];
  from = to;
}

void Model::rename(NodeId id, const std::string& name) {
  if (node(id).name == name) return;
  require_new_name(name);
  names_.erase(node(id).name);
  names_.emplace(name, id);
  slot(id).name = name;
}

void Model::remove(NodeId id) {
  const Node& gone = node(id);
  for (int i = 0; i < int(gone.outputs.size()); ++i) {
    KVPROOF_CHECK(consumers({id, i}).empty() && !is_output({id, i}));
  }
  for (int i = 0; i < int(gone.inputs.size()); ++i) {
    const Outlet from = gone.inputs[std::size_t(i)];
    Consumers& readers = slot(from.node).consumers[std::size_t(from.slot)];
    readers.erase(std::lower_bound(readers.begin(), readers.end(), std::pair<NodeId, int>(id, i)));
  }
  if (op_as<InputOp>(id)) std::erase(inputs_, id);
  names_.erase(gone.name);
  slot(id) = Slot();
}

}  // namespace kvproof
