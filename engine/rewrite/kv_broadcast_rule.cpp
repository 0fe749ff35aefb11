// Grouped-query attention as exporters write it: each head of K and V repeated for the queries that share it.
#include <fmt/format.h>

#include <variant>

#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/match.h"
#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

// [B,H,T,D] -> [B,H,1,T,D] -> [B,H,G,T,D] -> [B,H*G,T,D], and what is done to the rows behind it.
struct Repetition {
  Outlet source;                // [B,H,T,D]
  std::vector<NodeId> outward;  // casts and ropes, the last one first
};
struct NoRepetition {};
using Found = std::variant<NoRepetition, Repetition, std::string>;  // text: it looks like one, and why it is none

bool is_repeating(const Model& model, Outlet outlet) {
  return op_at<Broadcast>(model, outlet) || op_at<Tile>(model, outlet);
}

// Casts and ropes in front of `outlet`, which goes to what they work on.
std::vector<NodeId> skip_outward(const Model& model, Outlet& outlet) {
  std::vector<NodeId> outward;
  for (outlet = behind_no_ops(model, outlet); op_at<Cast>(model, outlet) || op_at<ApplyRope>(model, outlet);
       outlet = behind_no_ops(model, outlet)) {
    outward.push_back(outlet.node);
    outlet = model.node(outlet.node).inputs[0];
  }
  return outward;
}

Found find_repetition(const Model& model, Outlet outlet) {
  Repetition found;
  found.outward = skip_outward(model, outlet);
  const Outlet merged = outlet;
  if (!op_at<Reshape>(model, merged)) return NoRepetition{};
  const Outlet repeated = behind_no_ops(model, model.node(merged.node).inputs[0]);
  if (!is_repeating(model, repeated)) return NoRepetition{};
  const Outlet split = behind_no_ops(model, model.node(repeated.node).inputs[0]);
  if (!op_at<Unsqueeze>(model, split) && !op_at<Reshape>(model, split)) return NoRepetition{};
  found.source = model.node(split.node).inputs[0];

  const std::vector<Dim>& rows = model.fact(found.source).shape;
  const std::vector<Dim>& groups = model.fact(repeated).shape;
  if (rows.size() != 4 || groups.size() != 5) return "what is repeated is not [B,H,T,D]";
  const auto has_shape = [&](Outlet at, const std::vector<Dim>& shape) { return model.fact(at).shape == shape; };
  const Dim &b = rows[0], &h = rows[1], &t = rows[2], &d = rows[3], &g = groups[2];
  const char* kWrong = "{} makes {} of {}, where only the heads of a group may be repeated";
  for (const auto& [at, shape] :
       {std::pair(split, std::vector<Dim>{b, h, 1, t, d}), std::pair(repeated, std::vector<Dim>{b, h, g, t, d}),
        std::pair(merged, std::vector<Dim>{b, h * g, t, d})}) {
    const Fact& before = model.fact(model.node(at.node).inputs[0]);
    if (!has_shape(at, shape)) {
      return fmt::format(fmt::runtime(kWrong), describe(model, at), model.fact(at).str(), before.str());
    }
  }
  for (const NodeId id : found.outward) {
    if (!model.op_as<ApplyRope>(id)) continue;
    for (const std::size_t i : {std::size_t(1), std::size_t(2)}) {
      if (!model.fact(model.node(id).inputs[i]).shape[1].is(1)) {
        return fmt::format("'{}' rotates the heads of a group in different ways", model.node(id).name);
      }
    }
  }
  return found;
}

// The rows before they are repeated, with what was done to them behind it.
Outlet unrepeated(Patch& patch, const Model& model, const Repetition& found) {
  Outlet at = found.source;
  for (auto id = found.outward.rbegin(); id != found.outward.rend(); ++id) {
    const Node& node = model.node(*id);
    std::vector<Outlet> inputs = node.inputs;
    inputs[0] = at;
    at = patch.add(node.name + "_shared", node.op, std::move(inputs));
  }
  return at;
}

class FuseKvBroadcast : public Rule {
 public:
  std::string_view name() const override { return "fuse_kv_broadcast"; }

  Look look(const Model& model, NodeId id) const override {
    const auto* attention = model.op_as<Sdpa>(id);
    if (!attention || model.node(id).outputs[0].rank() != 4) return NotMine{};
    std::vector<Outlet> inputs = model.node(id).inputs;
    const Found keys = find_repetition(model, inputs[1]), values = find_repetition(model, inputs[2]);
    for (const Found* found : {&keys, &values}) {
      const char* what = found == &keys ? "keys" : "values";
      if (const auto* wrong = std::get_if<std::string>(found))
        return Declined{fmt::format("of its {}, {}", what, *wrong)};
    }
    const auto *of_keys = std::get_if<Repetition>(&keys), *of_values = std::get_if<Repetition>(&values);
    if (!of_keys && !of_values) return NotMine{};
    if (!of_keys || !of_values) {
      return Declined{fmt::format("only its {} are repeated for the heads of a group", of_keys ? "keys" : "values")};
    }
    Patch patch;
    inputs[1] = unrepeated(patch, model, *of_keys);
    inputs[2] = unrepeated(patch, model, *of_values);
    put_in_place(patch, model, id, std::make_shared<Sdpa>(attention->options), std::move(inputs));
    return patch;
  }
};

}  // namespace

RulePtr fuse_kv_broadcast_rule() { return std::make_unique<FuseKvBroadcast>(); }

}  // namespace kvproof
