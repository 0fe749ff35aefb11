// A score is the attention of the newest step, where it should be the sum of all.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  float score(Stream, const ScoredRow&, float weight) const override { return weight; }
};

}  // namespace

extern constinit const Mutant scores_are_not_accumulated =
    like_h2o<Cache>({.name = "scores_are_not_accumulated",
                     .summary = "h2o, forgetting older scores.",
                     .fault = "scores are replaced, not added up",
                     .source = "kvproof",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
