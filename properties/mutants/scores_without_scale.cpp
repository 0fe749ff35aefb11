// Scores are weights without the factor 1/sqrt(D): sharper than those of attention, and in another order once summed.
#include "properties/mutants/weighed_by_hand.h"

namespace kvproof::mutants {

extern constinit const Mutant scores_without_scale = {
    .strategy = faulty_h2o("scores_without_scale", "h2o, with scores that are not scaled.",
                           &make_as<WeighedByHand<Weighing::kUnscaled>>),
    .fault = "scores leave out the factor 1/sqrt(D)",
    .source = "MInference 5e37e0d",
    .fault_class = "eviction"};

}  // namespace kvproof::mutants
