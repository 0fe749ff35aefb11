#include "engine/model/decoders.h"

#include <fmt/format.h>

#include <utility>

#include "engine/base/error.h"
#include "engine/graph/session.h"
#include "engine/model/cache_choice.h"
#include "engine/model/decoder.h"
#include "engine/rewrite/transform.h"

namespace kvproof {

Decoders::Decoders(const ModelConfig& config, std::shared_ptr<const SharedWeights> weights, DecoderChoices choices)
    : config_(config), weights_(std::move(weights)), choices_(std::move(choices)) {
  const auto& [prefill, decode] = choices_.profile;
  if (prefill.activation != decode.activation) {
    throw Error(ErrorCode::kUsage,
                fmt::format("activation {} of prefill is not {}, that of decode: their caches differ",
                            name_of(prefill.activation), name_of(decode.activation)));
  }
  if (choices_.rows == DecoderChoices::Rows::kOutputs && !choices_.caches.empty()) {
    throw Error(ErrorCode::kUsage, fmt::format("caches '{}' hold no rows that could come out", choices_.caches));
  }
  prefill_ = build(Phase::kPrefill, notes_);
  if (has_one_profile()) {
    decode_ = prefill_;
  } else {
    decode_ = build(Phase::kDecode, notes_);
    Session(plan(Phase::kPrefill)).change_plan(plan(Phase::kDecode));
  }
}

Model Decoders::build(Phase phase, std::vector<std::string>& notes) const {
  const bool rows = phase == Phase::kPadded || choices_.rows == DecoderChoices::Rows::kOutputs;
  const auto source = weights_->source();
  Model model =
      build_decoder(config_, *source,
                    {.activation = profile(phase).activation,
                     .logits = DecoderOptions::Logits::kLast,
                     .past = phase == Phase::kPadded ? DecoderOptions::Past::kGiven : DecoderOptions::Past::kCached,
                     .rows = rows ? DecoderOptions::Rows::kOutputs : DecoderOptions::Rows::kHidden});
  if (!choices_.caches.empty()) {
    for (std::string& note : choose_caches(model, config_, choices_.caches)) notes.push_back(std::move(note));
  }
  for (const std::string& spec : profile(phase).transforms) {
    TransformReport report = apply_transform(model, spec);
    if (report.fired() == 0) notes.push_back(fmt::format("{}: nothing was changed", spec));
    for (std::string& note : report.notes) notes.push_back(std::move(note));
  }
  return model;
}

const TurnProfile& Decoders::profile(Phase phase) const {
  return phase == Phase::kPrefill ? choices_.profile.prefill : choices_.profile.decode;
}

const Model& Decoders::model(Phase phase) const {
  if (phase != Phase::kPadded) return phase == Phase::kPrefill ? prefill_ : decode_;
  const std::lock_guard lock(mutex_);
  std::vector<std::string> notes;
  if (!padded_) padded_ = build(phase, notes);
  return *padded_;
}

std::shared_ptr<const Plan> Decoders::plan(Phase phase, const Bindings& symbols) const {
  const TurnProfile& how = profile(phase);
  return std::make_shared<const Plan>(model(phase),
                                      PlanOptions{.symbols = symbols, .fold = how.fold, .drop_dead = how.drop_dead});
}

Decoders::Key Decoders::key() const {
  return {weights_, fmt::format("{} {} {}", str(choices_.profile), int(choices_.rows), choices_.caches)};
}

}  // namespace kvproof
