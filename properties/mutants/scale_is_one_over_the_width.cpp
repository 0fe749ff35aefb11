// Where a step names no scale, scores are divided by the head width and not by its square root.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double scale(const Asked& a) const override { return a.step.scale != 0 ? double(a.step.scale) : 1 / double(g().d); }
};

}  // namespace

extern constinit const Mutant scale_is_one_over_the_width =
    like_plain_attention<Cache>({.name = "scale_is_one_over_the_width",
                                 .summary = "in_place, with a default scale of 1/D.",
                                 .fault = "the default scale is 1/D",
                                 .source = "MInference 5e37e0d",
                                 .fault_class = "attention"});

}  // namespace kvproof::mutants
