// How the graphs of a checkpoint are made into plans: one profile for prompts, one for the tokens behind them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor/dtype.h"

namespace kvproof {

struct TurnProfile {
  std::vector<std::string> transforms;  // as apply_transform takes them, in this order, behind the choice of caches
  bool fold = true;                     // evaluates what depends on no input
  bool drop_dead = true;                // leaves out what no output depends on
  DType activation = DType::kF32;  // f32, f16 or bf16; weights stay in the type they are stored in, ids are integers
  friend bool operator==(const TurnProfile&, const TurnProfile&) = default;
};

struct PlanProfile {
  TurnProfile prefill;
  TurnProfile decode;  // turns of one token behind others
  friend bool operator==(const PlanProfile&, const PlanProfile&) = default;
};

// `text` laid over `base`: what it does not name stays. Throws Error that names `label` and the key: kUsage for an
// unknown key or transform, kMalformed for text or values that are none.
//   {"prefill": {"activation": "bf16"}, "decode": {"transforms": ["flash_sdpa"], "fold": true, "drop_dead": true}}
PlanProfile overlaid(const PlanProfile& base, std::string_view text, const std::string& label);

// The default, overlaid with the file "kvproof-plan.json" beside the weights (`path` is a folder or a .gguf file) if
// there is one. Throws Error(kIo), too.
PlanProfile plan_profile_of(const std::string& path);

// All of it as text: equal text, equal profile.
std::string str(const PlanProfile& profile);

}  // namespace kvproof
