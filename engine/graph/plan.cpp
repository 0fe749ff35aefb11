#include "engine/graph/plan.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/base/error.h"
#include "engine/graph/fold.h"

namespace kvproof {
namespace {

Model specialised(const Model& model, const Bindings& symbols) {
  if (symbols.empty()) return model;
  Substitution with;
  for (const auto& [name, value] : symbols) with.emplace(name, Dim(value));
  return model.substitute(with);
}

void require_possible(const Node& node) {
  for (const Fact& fact : node.outputs) {
    for (const Dim& dim : fact.shape) {
      if (const auto size = dim.integer(); size && *size < 0) {
        throw Error(ErrorCode::kMismatch, fmt::format("node '{}': {} has a negative dimension", node.name, fact.str()));
      }
    }
  }
}

class Fingerprint {
 public:
  Fingerprint() { XXH3_64bits_reset(&state_); }
  void add(std::uint64_t number) { XXH3_64bits_update(&state_, &number, sizeof number); }
  void add(std::string_view text) {
    add(text.size());
    XXH3_64bits_update(&state_, text.data(), text.size());
  }
  std::uint64_t value() const { return XXH3_64bits_digest(&state_); }

 private:
  XXH3_state_t state_;
};

std::uint64_t fingerprint_of(const Model& model, const std::vector<NodeId>& canonical) {
  std::vector<std::uint64_t> place(std::size_t(model.node_limit()));
  for (std::size_t i = 0; i < canonical.size(); ++i) place[std::size_t(canonical[i])] = i;
  Fingerprint print;
  const auto add = [&](Outlet outlet) {
    print.add(place[std::size_t(outlet.node)]);
    print.add(std::uint64_t(outlet.slot));
  };
  for (const NodeId id : canonical) {
    const Node& node = model.node(id);
    print.add(node.op->name());
    print.add(node.op->attributes());
    print.add(node.inputs.size());
    for (const Outlet input : node.inputs) add(input);
  }
  for (const NodeId input : model.inputs()) add({input, 0});
  for (const Output& output : model.outputs()) add(output.outlet);
  return print.value();
}

}  // namespace

Plan::Plan(const Model& model, const PlanOptions& options)
    : model_(specialised(model, options.symbols)), bound_(options.symbols) {
  if (options.drop_dead) model_.remove_dead();
  if (options.fold) fold_constants(model_);
  const std::vector<NodeId> order = model_.order();
  for (const NodeId id : order) require_possible(model_.node(id));
  const std::vector<NodeId> canonical = canonical_order(order);
  std::copy_if(canonical.begin(), canonical.end(), std::back_inserter(stateful_),
               [&](NodeId id) { return model_.node(id).op->is_stateful(); });
  lay_out(order);
  free_behind_last_use();
  find_symbolic_shapes(order);
}

std::uint64_t Plan::fingerprint() const {
  std::call_once(fingerprinted_, [&] { fingerprint_ = fingerprint_of(model_, canonical_order(model_.order())); });
  return fingerprint_;
}

// The nodes as a walk from the inputs and outputs meets them, each behind what it reads: the ids play no part, except
// among states that no output depends on.
std::vector<NodeId> Plan::canonical_order(const std::vector<NodeId>& order) const {
  std::vector<NodeId> result;
  std::vector<bool> met(std::size_t(model_.node_limit()));
  std::vector<std::pair<NodeId, std::size_t>> path;  // with the inputs that were followed
  const auto walk = [&](NodeId from) {
    const auto enter = [&](NodeId id) {
      if (met[std::size_t(id)]) return;
      met[std::size_t(id)] = true;
      path.emplace_back(id, 0);
    };
    for (enter(from); !path.empty();) {
      auto& [id, next] = path.back();
      const std::vector<Outlet>& inputs = model_.node(id).inputs;
      if (next < inputs.size()) {
        enter(inputs[next++].node);
      } else {
        result.push_back(id);
        path.pop_back();
      }
    }
  };
  for (const NodeId input : model_.inputs()) walk(input);
  for (const Output& output : model_.outputs()) walk(output.outlet.node);
  for (const NodeId id : order) walk(id);
  return result;
}

void Plan::lay_out(const std::vector<NodeId>& order) {
  std::vector<int> first_slot(std::size_t(model_.node_limit()));
  const auto slot = [&](Outlet outlet) { return first_slot[std::size_t(outlet.node)] + outlet.slot; };
  for (const NodeId id : order) {
    const Node& node = model_.node(id);
    first_slot[std::size_t(id)] = int(values_.size());
    values_.resize(values_.size() + node.outputs.size());
    if (const auto* constant = model_.op_as<ConstantOp>(id)) {
      if (constant->value().strings()) {
        throw Error(ErrorCode::kUnsupported, fmt::format("node '{}': strings cannot be computed with", node.name));
      }
      values_.back() = Value(constant->value().tensor());
    } else if (!model_.op_as<InputOp>(id)) {
      Step step{.node = id, .inputs = {}, .outputs = {}, .free = {}};
      for (const Outlet input : node.inputs) step.inputs.push_back(slot(input));
      for (int i = 0; i < int(node.outputs.size()); ++i) step.outputs.push_back(slot({id, i}));
      if (node.op->is_stateful()) {
        step.state = int(std::find(stateful_.begin(), stateful_.end(), id) - stateful_.begin());
      }
      steps_.push_back(std::move(step));
    }
  }
  for (const NodeId input : model_.inputs()) input_slots_.push_back(slot({input, 0}));
  for (const Output& output : model_.outputs()) output_slots_.push_back(slot(output.outlet));
}

void Plan::free_behind_last_use() {
  std::vector<bool> needed(values_.size());  // behind the step that is looked at, from the last to the first
  for (std::size_t slot = 0; slot < values_.size(); ++slot) needed[slot] = values_[slot].view().data != nullptr;
  for (const int slot : output_slots_) needed[std::size_t(slot)] = true;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    for (const std::vector<int>* slots : {&step->outputs, &step->inputs}) {
      for (const int slot : *slots) {
        if (!needed[std::size_t(slot)]) step->free.push_back(slot);
        needed[std::size_t(slot)] = true;
      }
    }
  }
}

void Plan::find_symbolic_shapes(const std::vector<NodeId>& order) {
  std::set<std::string> seen;
  for (const NodeId id : order) {
    const Node& node = model_.node(id);
    for (int i = 0; i < int(node.outputs.size()); ++i) {
      const Fact& fact = node.outputs[std::size_t(i)];
      const bool symbolic =
          std::any_of(fact.shape.begin(), fact.shape.end(), [](const Dim& dim) { return !dim.integer(); });
      if (symbolic && seen.insert(Fact(DType::kF32, fact.shape).str()).second) symbolic_.push_back({id, i});
    }
  }
}

}  // namespace kvproof
