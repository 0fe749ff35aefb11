// Takes the number of KV heads for the number of query heads in a group: right only where both are equal.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  int kv_head(const Asked& a) const override { return std::min(a.head / g().kv_heads, g().kv_heads - 1); }
};

}  // namespace

extern constinit const Mutant group_size_of_another_axis =
    like_plain_attention<Cache>({.name = "group_size_of_another_axis",
                                 .summary = "in_place, with groups as wide as there are KV heads.",
                                 .fault = "a group is taken to have Hkv query heads",
                                 .source = "MInference 5c13e3d, turboquant fork #78",
                                 .fault_class = "heads"});

}  // namespace kvproof::mutants
