// Adds up the attention of the last query of a step, not of all: what a prefill attended is forgotten.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  std::int64_t queries_weighed() const override { return 1; }
};

}  // namespace

extern constinit const Mutant scores_of_the_last_query_only =
    like_h2o<Cache>({.name = "scores_of_the_last_query_only",
                     .summary = "h2o, heeding one query a step.",
                     .fault = "only the last query of a step counts",
                     .source = "kvproof",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
