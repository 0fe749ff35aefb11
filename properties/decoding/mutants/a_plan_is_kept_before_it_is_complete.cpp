// A plan is put where the next turn finds it before its weights are in their places, which happens behind the first
// turn.
#include <algorithm>
#include <map>
#include <utility>

#include "properties/decoding/mutants/planned_decoding.h"

namespace kvproof::way_mutants {
namespace {

// All weights are one number.
class NoWeights final : public WeightSource {
 public:
  explicit NoWeights(WeightSource& like) : WeightSource(like.label(), like.norm_gain()) {
    for (const std::string& name : like.unused()) add(name, like.info(name));
  }

 private:
  Constant load(const std::string& name) const override {
    Tensor tensor(DType::kF32, info(name).shape);
    std::fill_n(tensor.as<float>(), tensor.shape().elements(), 0.5F);
    return tensor;
  }
};

class Runs final : public PlannedDecoding {
 public:
  explicit Runs(const std::shared_ptr<const Decoders>& which) : PlannedDecoding(which), empty_(emptied(*which)) {}
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<Runs>(decoders()); }

 protected:
  std::shared_ptr<const Plan> plan(Phase phase, const Bindings& symbols) override {
    const auto [known, is_new] = plans_.try_emplace({phase, symbols});
    if (!is_new) return known->second;
    known->second = empty_->plan(phase, symbols);
    incomplete_ = &known->second;
    return complete_ = decoders()->plan(phase, symbols);
  }
  void complete() override {
    if (incomplete_) *incomplete_ = complete_;
    incomplete_ = nullptr;
  }

 private:
  static std::shared_ptr<const Decoders> emptied(const Decoders& decoders) {
    const auto source = decoders.weights()->source();
    return std::make_shared<const Decoders>(decoders.config(),
                                            std::make_shared<const SharedWeights>(std::make_unique<NoWeights>(*source)),
                                            decoders.choices());
  }

  const std::shared_ptr<const Decoders> empty_;
  std::map<std::pair<Phase, Bindings>, std::shared_ptr<const Plan>> plans_;
  std::shared_ptr<const Plan>* incomplete_ = nullptr;  // in plans_
  std::shared_ptr<const Plan> complete_;
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return std::make_unique<Runs>(std::move(decoders));
}

}  // namespace

extern constinit const WayMutant a_plan_is_kept_before_it_is_complete = {
    .name = "a_plan_is_kept_before_it_is_complete",
    .fault = "a plan whose first turn failed is found again without its weights",
    .source = "rlx_gemma 0.2.0, whose entries are kept before their parameters are uploaded",
    .like = "cached",
    .killer = "a_failed_turn_leaves_no_trace",
    .make = &make};

}  // namespace kvproof::way_mutants
