// Scores are weights without the causal mask: a query of a chunk counts for rows that come after it.
#include "properties/mutants/weighed_by_hand.h"

namespace kvproof::mutants {

extern constinit const Mutant scores_see_the_future = {
    .strategy = faulty_h2o("scores_see_the_future", "h2o, with scores that know no causality.",
                           &make_as<WeighedByHand<Weighing::kUnmasked>>),
    .fault = "scores are weights without the causal mask",
    .source = "KVCache-Factory 9f9aa2e",
    .fault_class = "eviction"};

}  // namespace kvproof::mutants
