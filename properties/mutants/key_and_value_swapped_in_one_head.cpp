// Takes the keys of KV head 0 for its values and its values for its keys, wherever both have the same width.
#include <algorithm>

#include "properties/mutants/forwarding_cache.h"
#include "properties/support/mutant.h"

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

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(make_honest("in_place", config)); }

}  // namespace

extern constinit const Mutant key_and_value_swapped_in_one_head = {
    .strategy = {.name = "key_and_value_swapped_in_one_head",
                 .summary = "in_place, with K and V of the first head swapped.",
                 .source = "kvproof",
                 .params = {kRowDType},
                 .contract = [](const Params& p) { return find_strategy("in_place")->contract(p); },
                 .make = &make},
    .fault = "K and V of KV head 0 are swapped",
    .source = "KVCache-Factory 5fb995d",
    .fault_class = "heads"};

}  // namespace kvproof::mutants
