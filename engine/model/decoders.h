// The graphs of one checkpoint, as they are asked to be run, over one copy of its weights.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/model/config.h"
#include "engine/model/plan_profile.h"
#include "engine/model/shared_weights.h"

namespace kvproof {

struct DecoderChoices {
  std::string caches;  // as choose_caches takes them; empty: caches are concatenated
  PlanProfile profile = {};
  enum class Rows { kHidden, kOutputs } rows = Rows::kHidden;  // kOutputs: K and V come out behind the logits
};

// kPrefill and kDecode: decoder.h with Past::kCached, any number of tokens behind any number. kPadded: one token behind
// a past that is handed in, Past::kGiven, in the decode profile.
enum class Phase { kPrefill, kDecode, kPadded };

// Immutable: any number of runners on any threads.
class Decoders {
 public:
  // Throws what build_decoder, choose_caches and apply_transform throw; Error(kUsage) for an activation of prefill that
  // is not that of decode, and Error(kMismatch) for transforms that leave them with different caches; and for
  // Rows::kOutputs with a choice of caches: what those hold is not rows.
  Decoders(const ModelConfig& config, std::shared_ptr<const SharedWeights> weights, DecoderChoices choices = {});

  const ModelConfig& config() const { return config_; }
  const std::shared_ptr<const SharedWeights>& weights() const { return weights_; }
  const DecoderChoices& choices() const { return choices_; }
  // Whether plans of kPrefill and kDecode are equal for equal symbols.
  bool has_one_profile() const { return choices_.profile.prefill == choices_.profile.decode; }
  // What was declined or narrowed on the way, for people.
  const std::vector<std::string>& notes() const { return notes_; }

  // Symbols: B, S and P of kPrefill and kDecode, B and U of kPadded.
  std::shared_ptr<const Plan> plan(Phase phase, const Bindings& symbols = {}) const;
  // Whatever a plan depends on besides phase and symbols.
  struct Key {
    std::shared_ptr<const SharedWeights> weights;
    std::string choices;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  Key key() const;

 private:
  const TurnProfile& profile(Phase phase) const;
  const Model& model(Phase phase) const;
  Model build(Phase phase, std::vector<std::string>& notes) const;

  const ModelConfig config_;
  const std::shared_ptr<const SharedWeights> weights_;
  const DecoderChoices choices_;
  std::vector<std::string> notes_;
  Model prefill_, decode_;
  mutable std::mutex mutex_;
  mutable std::optional<Model> padded_;  // built when first asked for
};

}  // namespace kvproof
