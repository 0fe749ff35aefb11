// Two caches and an attention become one operator with a strategy.
#include <fmt/format.h>

#include <algorithm>

#include "engine/cache/strategy.h"
#include "engine/ops/attention.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/cached_operand.h"
#include "engine/rewrite/mask_rule.h"
#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

VisibleRule visible_of(const std::string& spec) {
  const Params params = parse_spec(spec);
  return params.strategy().contract(params).visible;
}

// The spec for a layer; empty where its own window is asked for and it has none, or one that no cache holds.
std::string spec_for(const StrategyChoice& choice, const VisibleKeys& keys) {
  if (!choice.own_window) return choice.spec;
  Params params = parse_spec(choice.spec);
  const auto known = params.strategy().parameters();
  const auto w =
      std::find_if(known.begin(), known.end(), [](const Param& p) { return p.name == std::string_view("w"); });
  if (!keys.window || *keys.window > w->max) return "";
  params.set("w", *keys.window);
  return canonical_spec(params);
}

// Why a strategy cannot take over from what a layer sees: it may show less, which is what it was chosen for, but never
// what the layer hides. Empty if it can.
std::string what_is_wrong(const VisibleKeys& keys, const std::string& spec, const StrategyChoice& choice) {
  if (keys.kind == VisibleKeys::Kind::kUnknown) return keys.reason;
  if (choice.own_window && keys.kind == VisibleKeys::Kind::kAll) return "it is not causal and has no window";
  if (spec.empty() && keys.window) return fmt::format("its window of {} keys is too wide", *keys.window);
  if (spec.empty()) return "it has no window: its queries see all earlier keys";
  const VisibleRule shown = visible_of(spec);
  if (keys.kind == VisibleKeys::Kind::kAll) {
    return shown.is_all() ? "" : fmt::format("it is not causal, which {} is", spec);
  }
  if (!keys.window) return "";
  const bool within = shown.kind == VisibleRule::Kind::kPositions && shown.window <= *keys.window && shown.sinks == 0;
  return within ? "" : fmt::format("its mask shows {}, and {} would show more", keys.str(), spec);
}

struct Operands {
  CachedOperand keys, values;
};

std::variant<Operands, std::string> operands_of(const Model& model, NodeId id) {
  auto keys = cached_operand(model, id, 1), values = cached_operand(model, id, 2);
  for (auto* found : {&keys, &values}) {
    if (auto* reason = std::get_if<std::string>(found)) return std::move(*reason);
  }
  Operands both{std::get<CachedOperand>(std::move(keys)), std::get<CachedOperand>(std::move(values))};
  if (both.keys.site->past_symbol() != both.values.site->past_symbol()) {
    return fmt::format("its caches have different past lengths, {} and {}",
                       both.keys.site->past.shape[std::size_t(both.keys.site->axis)].str(),
                       both.values.site->past.shape[std::size_t(both.values.site->axis)].str());
  }
  const std::vector<Dim>& q = model.fact(model.node(id).inputs[0]).shape;
  for (const CachedOperand* in : {&both.keys, &both.values}) {
    const Dim& fresh = model.fact(in->fresh).shape[std::size_t(in->site->axis)];
    if (q[q.size() - 2] == fresh) continue;
    return fmt::format("it has {} queries for {} new {}", q[q.size() - 2].str(), fresh.str(),
                       in == &both.keys ? "keys" : "values");
  }
  for (const std::size_t i : {std::size_t(0), std::size_t(2)}) {
    const Dim& width = model.fact(model.node(id).inputs[i]).shape.back();
    if (!width.integer()) return fmt::format("its head width {} is no fixed number", width.str());
  }
  return both;
}

const std::vector<int> kSwapHeads = {0, 2, 1, 3};

bool swaps_heads(const Model& model, Outlet outlet) {
  const auto* transpose = op_at<Transpose>(model, outlet);
  return transpose && transpose->axes == kSwapHeads;
}

// The operator on [B,S,H,D], where both caches have that layout: transposes around the attention go.
void fuse_heads_behind(Patch& patch, const Model& model, NodeId id, KvSdpa::Options options, const Operands& in) {
  const std::string name = model.node(id).name;
  options.axis = 1;
  options.keys = *in.keys.site;
  options.values = *in.values.site;
  Outlet q = behind_no_ops(model, model.node(id).inputs[0]);
  q = swaps_heads(model, q) ? model.node(q.node).inputs[0]
                            : patch.add(name + "_queries", std::make_shared<Transpose>(kSwapHeads), {q});
  const Outlet out = patch.add(name, std::make_shared<KvSdpa>(std::move(options)), {q, in.keys.fresh, in.values.fresh});
  for (const auto& [reader, i] : model.consumers({id, 0})) {
    if (swaps_heads(model, {reader, 0})) patch.replace({reader, 0}, out);
  }
  patch.replace({id, 0}, patch.add(name + "_heads", std::make_shared<Transpose>(kSwapHeads), {out}));
}

void fuse_plain(Patch& patch, const Model& model, NodeId id, KvSdpa::Options options, const Operands& in) {
  options.keys = in.keys.site_as_read();
  options.values = in.values.site_as_read();
  options.axis = options.keys->axis;
  const Outlet k = in.keys.fresh_as_read(patch, model), v = in.values.fresh_as_read(patch, model);
  put_in_place(patch, model, id, std::make_shared<KvSdpa>(std::move(options)), {model.node(id).inputs[0], k, v});
}

class FuseKvSdpa : public Rule {
 public:
  explicit FuseKvSdpa(StrategyChoice choice) : choice_(std::move(choice)) {}
  std::string_view name() const override { return choice_.rule_name; }

  Look look(const Model& model, NodeId id) const override {
    const auto* attention = model.op_as<Sdpa>(id);
    if (!attention) return NotMine{};
    auto found = operands_of(model, id);
    if (auto* reason = std::get_if<std::string>(&found)) return Declined{std::move(*reason)};
    const Operands& in = std::get<Operands>(found);
    const VisibleKeys keys = visible_keys(model, id);
    const std::string spec = spec_for(choice_, keys);
    if (std::string wrong = what_is_wrong(keys, spec, choice_); !wrong.empty()) return Declined{std::move(wrong)};

    KvSdpa::Options options;
    options.strategy = spec;
    options.attention = attention->options;
    options.attention.causal = keys.is_causal();
    options.past = in.keys.site->past_symbol();
    Patch patch;
    tell_shapes(patch, model, model.node(id).inputs[1], {in.keys.cache, 0});
    tell_shapes(patch, model, model.node(id).inputs[2], {in.values.cache, 0});
    const bool heads_behind = in.keys.has_heads_behind() && in.values.has_heads_behind();
    (heads_behind ? fuse_heads_behind : fuse_plain)(patch, model, id, std::move(options), in);
    return patch;
  }

 private:
  const StrategyChoice choice_;
};

// Whether a spec names the strategy `window` and leaves w open.
bool leaves_window_open(const std::string& spec) {
  return spec == "window" ||
         (spec.rfind("window:", 0) == 0 && spec.rfind("window:w=", 0) != 0 && spec.find(",w=") == std::string::npos);
}

}  // namespace

StrategyChoice strategy_choice(const std::string& spec) {
  return {canonical_spec(parse_spec(spec)), leaves_window_open(spec), "fuse_kv_sdpa"};
}

RulePtr fuse_kv_sdpa_rule(StrategyChoice choice) { return std::make_unique<FuseKvSdpa>(std::move(choice)); }

std::string what_is_narrowed(const Model& model, NodeId attention, const StrategyChoice& choice) {
  const VisibleKeys keys = visible_keys(model, attention);
  const std::string spec = spec_for(choice, keys);
  if (!keys.is_causal() || spec.empty()) return "";
  const VisibleRule shown = visible_of(spec);
  if (shown.is_all() || (keys.window && shown.window == *keys.window)) return "";
  return fmt::format("saw {}, now what {} shows", keys.str(), spec);
}

}  // namespace kvproof
