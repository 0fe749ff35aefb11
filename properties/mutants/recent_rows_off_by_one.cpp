// Protects one row less than the contract says: the oldest of the recent rows may be evicted.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  bool is_protected(Position p, Position end) const override { return p > end - contract().visible.protected_last; }
};

}  // namespace

extern constinit const Mutant recent_rows_off_by_one =
    like_h2o<Cache>({.name = "recent_rows_off_by_one",
                     .summary = "h2o, protecting one recent row too few.",
                     .fault = "the oldest of the recent rows can be evicted",
                     .source = "kvproof",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
