// A plan is built for every length that comes, and none is kept.
#include "properties/decoding/mutants/planned_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public PlannedDecoding {
 public:
  Runs(std::shared_ptr<const Decoders> decoders, std::shared_ptr<PlanCounters> counters)
      : PlannedDecoding(std::move(decoders)), counters_(std::move(counters)) {}
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<Runs>(decoders(), counters_); }
  PlanCounters counters() const override { return *counters_; }

 protected:
  std::shared_ptr<const Plan> plan(Phase phase, const Bindings& symbols) override {
    ++counters_->built;
    return decoders()->plan(phase, symbols);
  }

 private:
  const std::shared_ptr<PlanCounters> counters_;
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return std::make_unique<Runs>(std::move(decoders), std::make_shared<PlanCounters>());
}

}  // namespace

extern constinit const WayMutant every_length_is_built_anew = {
    .name = "every_length_is_built_anew",
    .fault = "no plan is ever found again",
    .source = "rlx_gemma 0.2.0, which compiles a graph for every token",
    .like = "dynamic:4",
    .killer = "a_length_that_comes_again_hits",
    .make = &make};

}  // namespace kvproof::way_mutants
