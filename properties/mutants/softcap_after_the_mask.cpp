// Caps what the mask has hidden: minus infinity becomes minus the cap, and hidden rows get weight.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  bool sees(const Asked& a, Position p) const override {
    return a.step.softcap > 0 ? !a.step.causal || p <= a.position() : PlainAttention::sees(a, p);
  }
  double score(const Asked& a, Position p, double dot) const override { return capped(a, dot * scale(a) + bias(a, p)); }
};

}  // namespace

extern constinit const Mutant softcap_after_the_mask =
    like_plain_attention<Cache>({.name = "softcap_after_the_mask",
                                 .summary = "in_place, capping scores that are masked already.",
                                 .fault = "the softcap is applied after the explicit mask",
                                 .source = "kvproof",
                                 .fault_class = "attention"});

}  // namespace kvproof::mutants
