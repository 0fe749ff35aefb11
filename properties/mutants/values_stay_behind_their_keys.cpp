// When a row is evicted, its key is replaced and its value stays: keys and values are permuted differently.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  void commit(const Chunk& chunk) override {
    const RowStore before = rows_.values;
    EvictingCache::commit(chunk);
    if (before.used() < budget() || before.used() < 2) return;
    for (int s = 0; s < streams(); ++s) rows_.values.put({s}, 0, before.rows({s}, 0), 1);
  }
};

}  // namespace

extern constinit const Mutant values_stay_behind_their_keys =
    like_h2o<Cache>({.name = "values_stay_behind_their_keys",
                     .summary = "h2o, leaving a value where it was.",
                     .fault = "the value of slot 0 stays when its key is replaced",
                     .source = "KVCache-Factory 5fb995d",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
