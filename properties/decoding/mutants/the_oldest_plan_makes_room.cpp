// The plan that makes room is the one that was built first, however often it was used since.
#include <algorithm>
#include <deque>
#include <utility>

#include "properties/decoding/mutants/planned_decoding.h"

namespace kvproof::way_mutants {
namespace {

// What all runners of one make share.
struct Shelf {
  using Key = std::pair<Phase, Bindings>;
  PlanCounters counters;
  std::deque<std::pair<Key, std::shared_ptr<const Plan>>> plans;
};

class Runs final : public PlannedDecoding {
 public:
  Runs(std::shared_ptr<const Decoders> decoders, std::shared_ptr<Shelf> shelf)
      : PlannedDecoding(std::move(decoders)), shelf_(std::move(shelf)) {}
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<Runs>(decoders(), shelf_); }
  PlanCounters counters() const override { return shelf_->counters; }

 protected:
  std::shared_ptr<const Plan> plan(Phase phase, const Bindings& symbols) override {
    auto& [counters, plans] = *shelf_;
    const Shelf::Key key{phase, symbols};
    const auto known = std::ranges::find(plans, key, [](const auto& entry) { return entry.first; });
    if (known != plans.end()) return ++counters.hits, known->second;
    ++counters.built;
    plans.emplace_back(key, decoders()->plan(phase, symbols));
    const std::shared_ptr<const Plan> result = plans.back().second;
    if (plans.size() > 3) plans.pop_front(), ++counters.evicted;
    return result;
  }

 private:
  const std::shared_ptr<Shelf> shelf_;
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return std::make_unique<Runs>(std::move(decoders), std::make_shared<Shelf>());
}

}  // namespace

extern constinit const WayMutant the_oldest_plan_makes_room = {
    .name = "the_oldest_plan_makes_room",
    .fault = "plans leave in the order in which they came",
    .source = "rlx_gemma 0.2.0, whose caches of plans are called LRU",
    .like = "dynamic:3",
    .killer = "a_length_that_comes_again_hits",
    .make = &make};

}  // namespace kvproof::way_mutants
