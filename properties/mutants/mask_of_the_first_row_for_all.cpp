// Left padding is known for row 0 of a batch and taken for all: every row gets the mask of the first.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    if (!step.mask) return inner().step(step);
    const Shape& s = step.mask->values.shape;
    Mask first = *step.mask;
    first.values.shape = {1, s[1], s[2], s[3]};
    Step masked = step;
    masked.mask = &first;
    return inner().step(masked);
  }
};

}  // namespace

extern constinit const Mutant mask_of_the_first_row_for_all =
    like_in_place<Cache>({.name = "mask_of_the_first_row_for_all",
                          .summary = "in_place, with the mask of batch row 0 for the whole batch.",
                          .fault = "the mask of batch row 0 serves every row",
                          .source = "mlx-lm #738, transformers #29109",
                          .fault_class = "batch"});

}  // namespace kvproof::mutants
