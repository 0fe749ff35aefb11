// The rules behind the named transforms. Each is a pure look at one node.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/graph/rewriter.h"

namespace kvproof {

using RulePtr = std::unique_ptr<Rule>;

// A concat of an input (the past, as first operand) with new rows that is an output of the model becomes a DynKvCache
// named after the input; input and output leave the model.
RulePtr detect_kv_cache_rule();
// The way back: input, concat and output NAME_concat, both at the end of the model's lists.
RulePtr unfold_kv_cache_rule();
// The output that the first rule takes away together with this input; none if it is not about this input.
std::optional<std::string> output_of_past(const Model& model, NodeId input);

// x * cos + concat(-x[half:], x[:half]) * sin, in any order of operands.
RulePtr detect_apply_rope_rule();

// softmax(x * scale + mask) and softmax(select(mask, x * scale, -inf)) over the last axis; then
// select(mask, softmax, 0) behind the latter.
RulePtr detect_scaled_masked_softmax_rule();
RulePtr detect_zeroed_softmax_rule();

// Drops what repeats the heads of K and V in front of an Sdpa, which shares them by itself.
RulePtr fuse_kv_broadcast_rule();

// Which strategy a layer gets.
struct StrategyChoice {
  std::string spec;                        // canonical; of a window, `w` is the layer's own if own_window
  bool own_window = false;                 // the window that the layer's mask shows; layers without one are declined
  std::string rule_name = "fuse_kv_sdpa";  // as reports call it
};
// From a spelling as users write it: `window` without w is the layer's own. Throws Error(kUsage).
StrategyChoice strategy_choice(const std::string& spec);
// Sdpa over two caches becomes one KvSdpa.
RulePtr fuse_kv_sdpa_rule(StrategyChoice choice);
// What a layer will no longer see once the strategy takes it over: "saw all earlier keys, now what window:w=4 shows";
// empty if nothing. REQUIRES: `attention` is an Sdpa.
std::string what_is_narrowed(const Model& model, NodeId attention, const StrategyChoice& choice);
// KvSdpa becomes caches and an Sdpa, with a mask where the strategy does not show all. Declined for policies.
// `past` names the past length of layers that know none.
RulePtr unfuse_kv_sdpa_rule(std::string past);

// The caches in front of an Sdpa store 4 or 8 bits.
RulePtr quantize_kv_storage_rule(int bits);

// Sdpa becomes FlashSdpa where keys and values have one width.
RulePtr flash_sdpa_rule();

}  // namespace kvproof
