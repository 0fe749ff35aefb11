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

extern constinit const Mutant scores_are_not_accumulated = {
    .strategy = faulty_h2o("scores_are_not_accumulated", "h2o, forgetting older scores.", &make_as<Cache>),
    .fault = "scores are replaced, not added up",
    .source = "H2O modify_llama",
    .fault_class = "eviction"};

}  // namespace kvproof::mutants
