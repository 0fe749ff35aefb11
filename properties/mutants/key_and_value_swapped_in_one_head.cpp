// Takes the keys of KV head 0 for its values and its values for its keys, wherever both have the same width.
#include <algorithm>

#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    const Geometry& g = geometry();
    if (step.k.empty() || g.d != g.dv) return inner().step(step);
    Tensor k(step.k), v(step.v);
    const std::size_t head = step.k.size_bytes() / std::size_t(g.streams());
    for (int b = 0; b < g.batch; ++b) {
      std::byte* at = k.view().data + std::size_t(b * g.kv_heads) * head;
      std::swap_ranges(at, at + head, v.view().data + std::size_t(b * g.kv_heads) * head);
    }
    Step swapped = step;
    swapped.k = k;
    swapped.v = v;
    return inner().step(swapped);
  }
};

}  // namespace

extern constinit const Mutant key_and_value_swapped_in_one_head =
    like_in_place<Cache>({.name = "key_and_value_swapped_in_one_head",
                          .summary = "in_place, with K and V of the first head swapped.",
                          .fault = "K and V of KV head 0 are swapped",
                          .source = "kvproof",
                          .fault_class = "heads"});

}  // namespace kvproof::mutants
