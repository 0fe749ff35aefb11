// Takes the softcap of a step and does not apply it.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double score(const Asked& a, Position p, double dot) const override { return dot * scale(a) + bias(a, p); }
};

}  // namespace

extern constinit const Mutant softcap_is_ignored =
    like_plain_attention<Cache>({.name = "softcap_is_ignored",
                                 .summary = "in_place, without a softcap.",
                                 .fault = "the softcap of a step is not applied",
                                 .source = "rlx_gemma 0.2.2",
                                 .fault_class = "attention"});

}  // namespace kvproof::mutants
