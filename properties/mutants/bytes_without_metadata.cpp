// Reports the packed codes and keeps silent about scales and minima: how compression ratios get better than they are.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  MemoryUse memory() const override {
    MemoryUse use = inner().memory();
    use.metadata = 0;
    return use;
  }
};

}  // namespace

extern constinit const Mutant bytes_without_metadata =
    like_kivi<Cache>({.name = "bytes_without_metadata",
                      .summary = "kivi, reporting codes only.",
                      .fault = "the reported bytes leave out scales and minima",
                      .source = "turboquant_plus #53, kvpress head-wise methods",
                      .fault_class = "accounting"});

}  // namespace kvproof::mutants
