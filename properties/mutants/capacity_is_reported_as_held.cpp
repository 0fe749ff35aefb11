// Reports capacity where live bytes are asked for.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  MemoryUse memory() const override {
    const MemoryUse use = inner().memory();
    return {.payload = use.payload + use.slack, .metadata = use.metadata};
  }
};

}  // namespace

extern constinit const Mutant capacity_is_reported_as_held =
    like_in_place<Cache>({.name = "capacity_is_reported_as_held",
                          .summary = "in_place, reporting what it could hold as held.",
                          .fault = "rows that nobody owns yet are reported as payload",
                          .source = "kvproof",
                          .fault_class = "accounting"});

}  // namespace kvproof::mutants
