// A sample whose tokens draw again at every step: each time an old one may lose, so that recent tokens are kept more
// often than others. Right for a single prefill.
#include "engine/base/random.h"
#include "engine/cache/evicting_cache.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public EvictingCache<Cache> {
 public:
  using EvictingCache::EvictingCache;

  float score(Stream s, const ScoredRow& row, float) const override {
    const std::uint64_t head = std::uint64_t(s.index % geometry().kv_heads);
    const std::uint64_t last = std::uint64_t(row.score * 0x1p24f);
    return float(Random(Random(head ^ last << 32).bits() ^ std::uint64_t(row.position)).bits() >> 40) * 0x1p-24f;
  }
};

}  // namespace

extern constinit const Mutant random_draws_again_at_every_step =
    like<kRandom, Cache>({.name = "random_draws_again_at_every_step",
                          .summary = "random, with a new draw for every token at every step.",
                          .fault = "the sample is drawn among the survivors again and again, and prefers the recent",
                          .source = "kvproof",
                          .fault_class = "eviction"});

}  // namespace kvproof::mutants
