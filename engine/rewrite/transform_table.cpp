// The transforms by name.
#include <fmt/format.h>

#include <set>

#include "engine/base/error.h"
#include "engine/cache/strategy.h"
#include "engine/ops/attention.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/rewrite/cache_places.h"
#include "engine/rewrite/rules.h"
#include "engine/rewrite/transform.h"

namespace kvproof {
namespace {

template <class... Ptr>
TransformReport rewritten(Model& model, Ptr... rule) {
  std::vector<RulePtr> rules;
  (rules.push_back(std::move(rule)), ...);
  return {rewrite(model, rules), {}};
}

std::string value_or(const TransformParams& params, const std::string& name, const std::string& otherwise) {
  const auto found = params.find(name);
  return found == params.end() ? otherwise : found->second;
}

TransformReport detect_kv_cache(Model& model, const TransformParams&) {
  const CachePlaces places = places_of_caches(model);
  TransformReport report = rewritten(model, detect_kv_cache_rule());
  keep_places(model, places);
  return report;
}

TransformReport unfold_kv_cache(Model& model, const TransformParams&) {
  TransformReport report = rewritten(model, unfold_kv_cache_rule());
  restore_places(model);
  return report;
}

TransformReport detect_apply_rope(Model& model, const TransformParams&) {
  return rewritten(model, detect_apply_rope_rule());
}

TransformReport detect_scaled_masked_softmax(Model& model, const TransformParams&) {
  return rewritten(model, detect_scaled_masked_softmax_rule(), detect_zeroed_softmax_rule());
}

TransformReport fuse_kv_broadcast(Model& model, const TransformParams&) {
  return rewritten(model, fuse_kv_broadcast_rule());
}

TransformReport transformers_detect_all(Model& model, const TransformParams& params) {
  TransformReport report = detect_kv_cache(model, params);
  report.append(rewritten(model, detect_apply_rope_rule(), detect_scaled_masked_softmax_rule(),
                          detect_zeroed_softmax_rule(), fuse_kv_broadcast_rule()));
  return report;
}

TransformReport fuse_with(Model& model, const StrategyChoice& choice) {
  std::map<std::string, std::string> narrowed;  // by attention
  for (const NodeId id : model.nodes()) {
    if (!model.op_as<Sdpa>(id)) continue;
    if (std::string what = what_is_narrowed(model, id, choice); !what.empty()) narrowed[model.node(id).name] = what;
  }
  TransformReport report = rewritten(model, fuse_kv_broadcast_rule(), fuse_kv_sdpa_rule(choice));
  for (const RewriteEvent& event : report.events) {
    const auto what = narrowed.find(event.node);
    if (event.rule != choice.rule_name || !event.reason.empty() || what == narrowed.end()) continue;
    report.notes.push_back(fmt::format("'{}': {}", event.node, what->second));
  }
  return report;
}

TransformReport fuse_kv_sdpa(Model& model, const TransformParams& params) {
  return fuse_with(model, strategy_choice(params.at("strategy")));
}

TransformReport fuse_inplace_kv_sdpa(Model& model, const TransformParams&) {
  return fuse_with(model, {canonical_spec(parse_spec("in_place")), false, "fuse_inplace_kv_sdpa"});
}

TransformReport fuse_window_kv_sdpa(Model& model, const TransformParams& params) {
  const auto window = params.find("window");
  const std::string spec = window == params.end() ? "window" : "window:w=" + window->second;
  return fuse_with(model, {canonical_spec(parse_spec(spec)), window == params.end(), "fuse_window_kv_sdpa"});
}

TransformReport fuse_quantized_kv_sdpa(Model& model, const TransformParams& params) {
  const std::string spec = "kivi:bits=" + value_or(params, "bits", "8");
  return fuse_with(model, {canonical_spec(parse_spec(spec)), false, "fuse_quantized_kv_sdpa"});
}

// The symbol of the past length of a model: that of its first cache, else a free one.
std::string past_symbol_of(const Model& model) {
  std::set<std::string> used(model.symbols().begin(), model.symbols().end());
  for (const NodeId id : model.nodes()) {
    const auto* fused = model.op_as<KvSdpa>(id);
    if (fused && fused->options.past) return *fused->options.past;
    const auto* cache = model.op_as<DynKvCache>(id);
    if (cache && cache->site.past_symbol()) return *cache->site.past_symbol();
    for (const Fact& fact : model.node(id).outputs) {
      for (const Dim& dim : fact.shape) used.merge(dim.symbols());
    }
  }
  std::string name = "P";
  for (int i = 1; used.count(name) > 0; ++i) name = fmt::format("P_{}", i);
  return name;
}

bool is_exact(const Fidelity& fidelity) {
  return fidelity.kind == Fidelity::Kind::kExact ||
         (fidelity.kind == Fidelity::Kind::kRounded && fidelity.dtype == DType::kF32);
}

TransformReport unfuse_kv_sdpa(Model& model, const TransformParams&) {
  std::vector<std::string> notes;
  for (const NodeId id : model.nodes()) {
    const auto* fused = model.op_as<KvSdpa>(id);
    if (!fused) continue;
    const Params params = parse_spec(fused->options.strategy);
    const Contract contract = params.strategy().contract(params);
    if (contract.visible.kind == VisibleRule::Kind::kPolicy) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("'{}' has no unfused form: what {} keeps is no rule on positions", model.node(id).name,
                              fused->options.strategy));
    }
    if (!is_exact(contract.fidelity)) {
      notes.push_back(fmt::format("'{}': stored by {}, now exactly", model.node(id).name, fused->options.strategy));
    }
  }
  TransformReport report = rewritten(model, unfuse_kv_sdpa_rule(past_symbol_of(model)));
  report.notes = std::move(notes);
  return report;
}

TransformReport quantize_kv_storage(Model& model, const TransformParams& params) {
  const std::string bits = value_or(params, "bits", "8");
  if (bits != "8" && bits != "4") throw Error(ErrorCode::kUsage, fmt::format("bits={}: 8 or 4 was expected", bits));
  return rewritten(model, quantize_kv_storage_rule(bits == "8" ? 8 : 4));
}

TransformReport flash_sdpa(Model& model, const TransformParams&) { return rewritten(model, flash_sdpa_rule()); }

}  // namespace

std::span<const Transform> all_transforms() {
  static const Transform kAll[] = {
      {"detect_kv_cache", "inputs that are joined with new rows become caches inside the model", {}, &detect_kv_cache},
      {"unfold_kv_cache", "caches inside the model become inputs and outputs", {}, &unfold_kv_cache},
      {"detect_apply_rope", "products with cosine and sine become ApplyRope", {}, &detect_apply_rope},
      {"detect_scaled_masked_softmax",
       "softmax of scaled and masked scores becomes one operator",
       {},
       &detect_scaled_masked_softmax},
      {"fuse_kv_broadcast", "heads of K and V are shared by SDPA, not repeated in front of it", {}, &fuse_kv_broadcast},
      {"transformers_detect_all",
       "detect_kv_cache, detect_apply_rope, detect_scaled_masked_softmax and fuse_kv_broadcast",
       {},
       &transformers_detect_all},
      {"fuse_kv_sdpa",
       "caches of K and V and their attention become one operator with any strategy",
       {{"strategy", "such as kivi:bits=4; last; window without w= takes each layer's own", true}},
       &fuse_kv_sdpa},
      {"fuse_inplace_kv_sdpa", "fuse_kv_sdpa with in_place", {}, &fuse_inplace_kv_sdpa},
      {"fuse_window_kv_sdpa",
       "fuse_kv_sdpa with window",
       {{"window", "tokens a query sees, itself included; each layer's own if not given"}},
       &fuse_window_kv_sdpa},
      {"fuse_quantized_kv_sdpa",
       "fuse_kv_sdpa with kivi",
       {{"bits", "8 (the default), 4 or 2"}},
       &fuse_quantized_kv_sdpa},
      {"unfuse_kv_sdpa", "the way back: caches and SDPA, with a mask where not all is seen", {}, &unfuse_kv_sdpa},
      {"quantize_kv_storage",
       "caches store few bits and hand out floats",
       {{"bits", "8 (the default) or 4"}},
       &quantize_kv_storage},
      {"flash_sdpa", "SDPA becomes FlashSDPA where keys and values have one width", {}, &flash_sdpa},
  };
  return kAll;
}

}  // namespace kvproof
