// Evicts the row with the most attention: the largest score where the smallest was meant.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  bool leaves_before(const ScoredRow& a, const ScoredRow& b) const override {
    return a.score != b.score ? a.score > b.score : a.position > b.position;
  }
};

}  // namespace

extern constinit const Mutant keeps_the_lightest_rows =
    like_h2o<Cache>({.name = "keeps_the_lightest_rows",
                     .summary = "h2o, evicting from the wrong end.",
                     .fault = "the row with the largest score is evicted",
                     .source = "Reward-Forcing #5",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
