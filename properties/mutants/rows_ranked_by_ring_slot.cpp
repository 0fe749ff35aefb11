// Rows are ranked by the slot that a ring of the budget's size would give them, where their score was meant: a table of
// scores that is read at position modulo budget. Another budget is another order.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  bool leaves_before(const ScoredRow& a, const ScoredRow& b) const override {
    const Position x = a.position % budget(), y = b.position % budget();
    return x != y ? x > y : a.position > b.position;
  }
};

}  // namespace

extern constinit const Mutant rows_ranked_by_ring_slot =
    like_h2o<Cache>({.name = "rows_ranked_by_ring_slot",
                     .summary = "h2o, with rows ranked by their place in a ring.",
                     .fault = "the row with the largest position modulo budget leaves first, whatever its score",
                     .source = "kvproof",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
