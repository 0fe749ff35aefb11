// The mask is one position short: a query sees all that came before it, but not itself.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  bool sees(const Asked& a, Position p) const override { return PlainAttention::sees(a, p) && p != a.position(); }
};

}  // namespace

extern constinit const Mutant token_does_not_see_itself =
    like_plain_attention<Cache>({.name = "token_does_not_see_itself",
                                 .summary = "in_place, with a mask that is one position short.",
                                 .fault = "a query does not see its own token",
                                 .source = "rlx_gemma 0.2.0",
                                 .fault_class = "chunk"});

}  // namespace kvproof::mutants
