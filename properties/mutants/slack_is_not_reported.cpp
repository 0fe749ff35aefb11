// Reports what is live and keeps silent about what was allocated beyond it.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  MemoryUse memory() const override {
    MemoryUse use = inner().memory();
    use.slack = 0;
    return use;
  }
};

}  // namespace

extern constinit const Mutant slack_is_not_reported =
    like_in_place<Cache>({.name = "slack_is_not_reported",
                          .summary = "in_place, silent about memory that it holds in reserve.",
                          .fault = "memory in reserve is not reported",
                          .source = "VeloxQuant-MLX #254",
                          .fault_class = "accounting"});

}  // namespace kvproof::mutants
