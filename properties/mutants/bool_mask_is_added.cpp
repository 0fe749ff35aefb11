// Casts an explicit mask of bool to numbers and adds it: what should be hidden is seen, with a little less weight.
#include "properties/mutants/demonstration.h"
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

Defect defect() {
  return demonstrate({.library = "tract 0.23, Sdpa",
                      .subject = "bool_mask_is_added",
                      .law = "output_equals_the_oracle",
                      .values = {10, 20},
                      .chunks = {1, 1},
                      .hides = {"key 1", [](Position, Position key) { return key == 1; }, DType::kBool}});
}

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double bias(const Asked& a, Position p) const override {
    const double right = PlainAttention::bias(a, p);
    if (!a.step.mask || a.step.mask->values.dtype != DType::kBool) return right;
    return right == kHidden ? 0 : 1;
  }
};

}  // namespace

extern constinit const Mutant bool_mask_is_added =
    like_plain_attention<Cache>({.name = "bool_mask_is_added",
                                 .summary = "in_place, adding a mask of bool as 0 and 1.",
                                 .fault = "an explicit mask of bool is added as 0 and 1",
                                 .source = "tract Sdpa",
                                 .fault_class = "attention",
                                 .defect = &defect});

}  // namespace kvproof::mutants
