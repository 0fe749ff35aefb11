// What a model needs and in which order, and models with symbols replaced.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "engine/base/error.h"
#include "engine/graph/dim_parse.h"
#include "engine/graph/model.h"

namespace kvproof {

std::vector<bool> Model::needed() const {
  std::vector<bool> met(nodes_.size());
  std::vector<NodeId> open;
  const auto meet = [&](NodeId id) {
    if (!met[std::size_t(id)]) open.push_back(id);
    met[std::size_t(id)] = true;
  };
  for (const Output& output : outputs_) meet(output.outlet.node);
  for (const NodeId input : inputs_) meet(input);
  for (NodeId id = 0; id < node_limit(); ++id) {
    if (has(id) && node(id).op->is_stateful()) meet(id);
  }
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    for (const Outlet input : node(id).inputs) meet(input.node);
  }
  return met;
}

std::vector<NodeId> Model::sorted(std::vector<bool> which) const {
  std::vector<int> waits(nodes_.size());  // for how many inputs
  std::priority_queue<NodeId, std::vector<NodeId>, std::greater<>> ready;
  std::size_t left = 0;
  for (NodeId id = 0; id < node_limit(); ++id) {
    if (!which[std::size_t(id)]) continue;
    ++left;
    waits[std::size_t(id)] = int(node(id).inputs.size());
    if (node(id).inputs.empty()) ready.push(id);
  }
  std::vector<NodeId> order;
  order.reserve(left);
  while (!ready.empty()) {
    const NodeId id = ready.top();
    ready.pop();
    order.push_back(id);
    for (const Consumers& readers : nodes_[std::size_t(id)].consumers) {
      for (const auto& [reader, input] : readers) {
        if (which[std::size_t(reader)] && --waits[std::size_t(reader)] == 0) ready.push(reader);
      }
    }
  }
  if (order.size() == left) return order;

  // Whoever still waits reads one that waits: the way there leads into a cycle.
  for (const NodeId id : order) which[std::size_t(id)] = false;
  NodeId at = NodeId(std::find(which.begin(), which.end(), true) - which.begin());
  for (; which[std::size_t(at)];) {
    which[std::size_t(at)] = false;
    const std::vector<Outlet>& inputs = node(at).inputs;
    at = std::find_if(inputs.begin(), inputs.end(), [&](Outlet o) { return waits[std::size_t(o.node)] > 0; })->node;
  }
  throw Error(ErrorCode::kMalformed, fmt::format("node '{}' depends on itself", node(at).name));
}

std::vector<NodeId> Model::order() const { return sorted(needed()); }

int Model::remove_dead() {
  const std::vector<bool> alive = needed();
  std::vector<NodeId> dead;
  for (const NodeId id : nodes()) {
    if (!alive[std::size_t(id)]) dead.push_back(id);
  }
  for (const NodeId id : dead) {
    for (Consumers& readers : slot(id).consumers) readers.clear();
  }
  for (const NodeId id : dead) {
    for (int i = 0; i < int(node(id).inputs.size()); ++i) {
      const Outlet from = node(id).inputs[std::size_t(i)];
      if (!alive[std::size_t(from.node)]) continue;
      Consumers& readers = slot(from.node).consumers[std::size_t(from.slot)];
      readers.erase(std::lower_bound(readers.begin(), readers.end(), std::pair<NodeId, int>(id, i)));
    }
    names_.erase(node(id).name);
    slot(id) = Slot();
  }
  return int(dead.size());
}

namespace {

// What is left to say after the symbols have been replaced; nothing where it says itself.
std::optional<Assertion> substituted(const Assertion& assertion, const Substitution& with) {
  const Comparison comparison = parse_comparison(assertion.text).substitute(with);
  bool goes_without_saying = assertion.scenario.empty();
  for (const Dim& dim : comparison.nonnegative()) {
    const std::optional<std::int64_t> value = dim.integer();
    goes_without_saying = goes_without_saying && value && *value >= 0;
    if (!assertion.scenario.empty() || !value || *value >= 0) continue;
    throw Error(ErrorCode::kMismatch,
                fmt::format("the assertion {} does not hold: it would be {}", assertion.text, comparison.str()));
  }
  if (goes_without_saying) return std::nullopt;
  return Assertion{assertion.scenario, comparison.str()};
}

}  // namespace

Model Model::substitute(const Substitution& with) const {
  Model result(*this);
  result.symbols_.clear();
  result.assertions_.clear();
  result.assumed_.clear();
  result.assumptions_ = {};
  for (const std::string& symbol : symbols_) {
    const Dim dim = Dim::symbol(symbol).substitute(with);
    for (const std::string& name : dim.symbols()) result.declare_symbol(name);
  }
  for (const Assertion& assertion : assertions_) {
    if (const auto rest = substituted(assertion, with)) result.add_assertion(*rest);
  }
  std::vector<bool> all(nodes_.size());
  for (const NodeId id : nodes()) all[std::size_t(id)] = true;
  for (const NodeId id : sorted(std::move(all))) {
    Slot& changed = result.slot(id);
    if (OpPtr op = changed.op->substitute(with)) changed.op = std::move(op);
    std::vector<Fact> facts = result.facts_of(changed.name, *changed.op, changed.inputs);
    KVPROOF_CHECK(facts.size() == changed.outputs.size());
    changed.outputs = std::move(facts);
    for (const Fact& fact : changed.outputs) result.assume_symbols_of(fact);
  }
  return result;
}

}  // namespace kvproof
