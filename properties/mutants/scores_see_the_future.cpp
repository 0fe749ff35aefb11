// Scores are weights without the causal mask: a query of a chunk counts for rows that come after it.
#include "properties/mutants/weighed_by_hand.h"

namespace kvproof::mutants {

extern constinit const Mutant scores_see_the_future =
    like_h2o<WeighedByHand<Weighing::kUnmasked>>({.name = "scores_see_the_future",
                                                  .summary = "h2o, with scores that know no causality.",
                                                  .fault = "scores are weights without the causal mask",
                                                  .source = "KVCache-Factory 9f9aa2e",
                                                  .fault_class = "eviction"});

}  // namespace kvproof::mutants
