// Steps from head to head with a stride that is one element short: each head begins with the end of its neighbour.
#include <cstring>

#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    if (step.k.empty()) return inner().step(step);
    Tensor v(step.v);
    const std::size_t head = step.v.size_bytes() / std::size_t(geometry().streams());
    for (std::size_t h = 0; h < std::size_t(geometry().streams()); ++h) {
      const std::size_t short_by = h % std::size_t(geometry().kv_heads) * size_of(step.v.dtype);
      std::memcpy(v.view().data + h * head, step.v.data + h * head - short_by, head);
    }
    Step bled = step;
    bled.v = v;
    return inner().step(bled);
  }
};

}  // namespace

extern constinit const Mutant neighbouring_heads_bleed =
    like_in_place<Cache>({.name = "neighbouring_heads_bleed",
                          .summary = "in_place, with a head stride that is one element short.",
                          .fault = "the head stride of values is one element short",
                          .source = "vLLM #40792",
                          .fault_class = "heads"});

}  // namespace kvproof::mutants
