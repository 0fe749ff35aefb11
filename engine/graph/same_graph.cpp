// Two models are compared in one walk from what both call by the same names: inputs, outputs, states.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>

#include "engine/graph/model.h"

namespace kvproof {
namespace {

std::string described(const Node& node) {
  return fmt::format("'{}' is {}({})", node.name, node.op->name(), node.op->attributes());
}

std::string signature(const Op& op) { return fmt::format("{}({})", op.name(), op.attributes()); }

// A hash of everything that each needed node is made of, for pairing states that no output depends on.
std::unordered_map<NodeId, std::size_t> hashes_of(const Model& model, const std::vector<NodeId>& order) {
  std::unordered_map<NodeId, std::size_t> hashes;
  for (const NodeId id : order) {
    std::string all = signature(*model.node(id).op);
    if (model.op_as<InputOp>(id)) all += model.node(id).name;
    for (const Outlet input : model.node(id).inputs) all += fmt::format(",{}:{}", hashes.at(input.node), input.slot);
    hashes.emplace(id, std::hash<std::string>()(all));
  }
  return hashes;
}

class Comparer {
 public:
  Comparer(const Model& a, const Model& b) : a_(a), b_(b) {}

  bool run() { return inputs() && outputs() && states() && assertions(); }
  const std::string& why() const { return why_; }

 private:
  template <class... Args>
  bool differ(fmt::format_string<Args...> text, Args&&... args) {
    why_ = fmt::format(text, std::forward<Args>(args)...);
    return false;
  }

  bool inputs() {
    const std::vector<NodeId>&ours = a_.inputs(), &theirs = b_.inputs();
    if (ours.size() != theirs.size()) return differ("{} inputs and {}", ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const Node &x = a_.node(ours[i]), &y = b_.node(theirs[i]);
      if (x.name != y.name || !x.outputs[0].same_kind(y.outputs[0])) {
        return differ("input {}: '{}' {} and '{}' {}", i, x.name, x.outputs[0].str(), y.name, y.outputs[0].str());
      }
      forth_.emplace(ours[i], theirs[i]);
      back_.emplace(theirs[i], ours[i]);
    }
    return true;
  }

  bool outputs() {
    const std::vector<Output>&ours = a_.outputs(), &theirs = b_.outputs();
    if (ours.size() != theirs.size()) return differ("{} outputs and {}", ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (ours[i].name != theirs[i].name) return differ("output {}: '{}' and '{}'", i, ours[i].name, theirs[i].name);
      const Outlet x = ours[i].outlet, y = theirs[i].outlet;
      if (x.slot != y.slot) return differ("output '{}': outputs {} and {} of a node", ours[i].name, x.slot, y.slot);
      if (!walk(x.node, y.node)) return false;
    }
    return true;
  }

  bool states() {
    const auto order_a = a_.order(), order_b = b_.order();
    const auto hashes_a = hashes_of(a_, order_a), hashes_b = hashes_of(b_, order_b);
    std::multimap<std::size_t, NodeId> theirs;
    for (const NodeId id : order_b) {
      if (!back_.contains(id) && b_.node(id).op->is_stateful()) theirs.emplace(hashes_b.at(id), id);
    }
    for (const NodeId id : order_a) {
      if (forth_.contains(id) || !a_.node(id).op->is_stateful()) continue;
      const auto twin = theirs.find(hashes_a.at(id));
      if (twin == theirs.end()) return differ("{}, and the other model keeps no such state", described(a_.node(id)));
      if (!walk(id, twin->second)) return false;
      theirs.erase(twin);
    }
    std::erase_if(theirs, [&](const auto& state) { return back_.contains(state.second); });
    if (theirs.empty()) return true;
    return differ("{}, and the other model keeps no such state", described(b_.node(theirs.begin()->second)));
  }

  bool assertions() {
    const std::vector<Assertion>&ours = a_.assertions(), &theirs = b_.assertions();
    const auto same = [](const Assertion& x, const Assertion& y) {
      return x.scenario == y.scenario && x.text == y.text;
    };
    if (std::is_permutation(ours.begin(), ours.end(), theirs.begin(), theirs.end(), same)) return true;
    return differ("their assertions differ");
  }

  bool walk(NodeId x, NodeId y) {
    std::vector<std::pair<NodeId, NodeId>> open{{x, y}};
    while (!open.empty()) {
      const auto [ours, theirs] = open.back();
      open.pop_back();
      const std::optional<bool> met = met_before(ours, theirs);
      if (met && !*met) return differ("{}, {}: read together in one model only", in_a(ours), in_b(theirs));
      if (met) continue;
      if (!same_node(ours, theirs)) return false;
      const std::vector<Outlet>&left = a_.node(ours).inputs, &right = b_.node(theirs).inputs;
      for (std::size_t i = left.size(); i-- > 0;) open.emplace_back(left[i].node, right[i].node);
    }
    return true;
  }

  // Whether both were paired with each other; null if neither was paired.
  std::optional<bool> met_before(NodeId ours, NodeId theirs) {
    const auto *x = a_.op_as<ConstantOp>(ours), *y = b_.op_as<ConstantOp>(theirs);
    if (x && y && x->value() == y->value()) return true;
    const auto [forth, is_new] = forth_.emplace(ours, theirs);
    const auto [back, is_new_back] = back_.emplace(theirs, ours);
    if (is_new && is_new_back) return std::nullopt;
    return forth->second == theirs && back->second == ours;
  }

  bool same_node(NodeId ours, NodeId theirs) {
    const Node &x = a_.node(ours), &y = b_.node(theirs);
    if (x.op->name() != y.op->name() || x.op->attributes() != y.op->attributes()) {
      return differ("{}, {}", in_a(ours), in_b(theirs));
    }
    const auto same_slot = [](Outlet p, Outlet q) { return p.slot == q.slot; };
    if (std::equal(x.inputs.begin(), x.inputs.end(), y.inputs.begin(), y.inputs.end(), same_slot)) return true;
    return differ("'{}' and '{}' read different outputs of other nodes", x.name, y.name);
  }

  std::string in_a(NodeId id) const { return described(a_.node(id)); }
  std::string in_b(NodeId id) const { return described(b_.node(id)); }

  const Model &a_, &b_;
  std::unordered_map<NodeId, NodeId> forth_, back_;
  std::string why_;
};

}  // namespace

bool same_graph(const Model& a, const Model& b, std::string* why) {
  Comparer comparer(a, b);
  const bool same = comparer.run();
  if (why) *why = comparer.why();
  return same;
}

}  // namespace kvproof
