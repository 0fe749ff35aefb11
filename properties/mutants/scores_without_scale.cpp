// Scores are weights without the factor 1/sqrt(D): sharper than those of attention, and in another order once summed.
#include "properties/mutants/weighed_by_hand.h"

namespace kvproof::mutants {

extern constinit const Mutant scores_without_scale =
    like_h2o<WeighedByHand<Weighing::kUnscaled>>({.name = "scores_without_scale",
                                                  .summary = "h2o, with scores that are not scaled.",
                                                  .fault = "scores leave out the factor 1/sqrt(D)",
                                                  .source = "MInference 5e37e0d",
                                                  .fault_class = "eviction"});

}  // namespace kvproof::mutants
