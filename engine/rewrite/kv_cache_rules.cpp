// Caches that an exporter wrote as inputs and outputs of the model, and the way back.
#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/match.h"
#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

bool is_input(const Model& model, Outlet outlet) { return model.op_as<InputOp>(outlet.node) != nullptr; }

std::vector<std::string> output_names(const Model& model, Outlet outlet) {
  std::vector<std::string> names;
  for (const Output& output : model.outputs()) {
    if (output.outlet == outlet) names.push_back(output.name);
  }
  return names;
}

// By which of them the caller carries the cache of `input`: the only one, or the one that unfolding makes.
std::optional<std::string> carried(const std::vector<std::string>& outputs, const std::string& input) {
  if (outputs.size() == 1) return outputs[0];
  const auto made = std::ranges::find(outputs, input + "_concat");
  return made == outputs.end() ? std::nullopt : std::optional(*made);
}

// The input that reaches operand `i` of a concat, if nothing else reads it.
std::optional<Outlet> own_input(const Model& model, NodeId concat, std::size_t i) {
  const Outlet operand = model.node(concat).inputs[i];
  const Outlet source = behind_own_no_ops(model, operand);
  if (!is_input(model, source) || !has_one_reader(model, source)) return std::nullopt;
  return source;
}

// The concat that puts an input before new rows and is an output, if nothing else reads the input.
std::optional<NodeId> concat_of(const Model& model, NodeId input) {
  Outlet at{input, 0};
  while (has_one_reader(model, at)) {
    const auto [reader, operand] = only_reader(model, at);
    at = {reader, 0};
    if (model.op_as<Concat>(reader)) return operand == 0 && model.is_output(at) ? std::optional(reader) : std::nullopt;
    if (!is_no_op(model, reader)) return std::nullopt;
  }
  return std::nullopt;
}

// Such inputs do not tell what symbols are once they are states.
bool is_bound_elsewhere(const Model& model, const std::string& symbol) {
  for (const NodeId input : model.inputs()) {
    if (concat_of(model, input)) continue;
    for (const Dim& dim : model.fact({input, 0}).shape) {
      if (dim.symbols().count(symbol) > 0) return true;
    }
  }
  return false;
}

// Why an input with this fact cannot become a state that grows along `axis`; empty if it can.
std::string what_is_wrong(const Model& model, const Fact& past, const Fact& fresh, int axis) {
  const Dim &old_length = past.shape[std::size_t(axis)], &new_length = fresh.shape[std::size_t(axis)];
  if (old_length == new_length) {
    return fmt::format("both operands are {} long, so that past and new rows cannot be told apart", new_length.str());
  }
  if (!old_length.bare_symbol()) return fmt::format("the past length {} is no symbol", old_length.str());
  for (std::size_t i = 0; i < past.shape.size(); ++i) {
    for (const std::string& symbol : past.shape[i].symbols()) {
      if (int(i) == axis) continue;
      if (symbol == *old_length.bare_symbol()) return "the past length is the length of another axis, too";
      if (!is_bound_elsewhere(model, symbol)) return fmt::format("no other input tells what {} is", symbol);
    }
  }
  return "";
}

class DetectKvCache : public Rule {
 public:
  std::string_view name() const override { return "detect_kv_cache"; }

  Look look(const Model& model, NodeId id) const override {
    const auto* concat = model.op_as<Concat>(id);
    if (!concat || !model.is_output({id, 0}) || model.node(id).inputs.size() != 2) return NotMine{};
    const Node& node = model.node(id);
    const auto source = own_input(model, id, 0);
    if (!source) {
      if (!own_input(model, id, 1)) return NotMine{};
      return Declined{fmt::format("the input '{}' comes behind the new rows, not before them",
                                  model.node(own_input(model, id, 1)->node).name)};
    }
    const Fact &past = model.fact(*source), &fresh = model.fact(node.inputs[1]);
    if (std::string wrong = what_is_wrong(model, past, fresh, concat->axis); !wrong.empty()) return Declined{wrong};
    const std::string name = model.node(source->node).name;
    const auto output = carried(output_names(model, {id, 0}), name);
    if (!output) return Declined{"it is more than one output of the model"};

    Patch patch;
    CacheSite site{name, concat->axis, {past.dtype, past.shape}, {fresh.dtype, fresh.shape}};
    const Outlet cache = patch.add(name, std::make_shared<DynKvCache>(std::move(site)), {node.inputs[1]});
    patch.remove_output(*output);
    patch.replace({id, 0}, cache);
    tell_shapes(patch, model, node.inputs[0], *source);
    patch.remove_input(source->node);
    return patch;
  }
};

class UnfoldKvCache : public Rule {
 public:
  std::string_view name() const override { return "unfold_kv_cache"; }

  Look look(const Model& model, NodeId id) const override {
    const auto* cache = model.op_as<DynKvCache>(id);
    if (!cache) return NotMine{};
    const CacheSite& site = cache->site;
    if (!site.past_symbol()) return Declined{fmt::format("its past {} has no symbol for its length", site.past.str())};
    Patch patch;
    patch.rename(id, model.free_name(site.name + "_replaced"));
    const Outlet past = patch.add_input(site.name, site.past);
    const Outlet all =
        patch.add(site.name + "_concat", std::make_shared<Concat>(site.axis), {past, model.node(id).inputs[0]});
    patch.replace({id, 0}, all);
    patch.add_output(site.name + "_concat", all);
    return patch;
  }
};

}  // namespace

std::optional<std::string> output_of_past(const Model& model, NodeId input) {
  const auto concat = concat_of(model, input);
  return concat ? carried(output_names(model, {*concat, 0}), model.node(input).name) : std::nullopt;
}

RulePtr detect_kv_cache_rule() { return std::make_unique<DetectKvCache>(); }
RulePtr unfold_kv_cache_rule() { return std::make_unique<UnfoldKvCache>(); }

}  // namespace kvproof
