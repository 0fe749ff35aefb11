// Of rows with equal scores the earlier one is evicted, where the rule says the later one: a choice that a sort makes
// by itself.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  bool leaves_before(const ScoredRow& a, const ScoredRow& b) const override {
    return a.score != b.score ? a.score < b.score : a.position < b.position;
  }
};

}  // namespace

extern constinit const Mutant ties_evict_the_earlier_row =
    like_h2o<Cache>({.name = "ties_evict_the_earlier_row",
                     .summary = "h2o, with ties resolved the other way.",
                     .fault = "of equal scores the earlier row is evicted",
                     .source = "kvproof",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
