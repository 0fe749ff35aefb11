// Reports the packed codes and keeps silent about scales and minima: how compression ratios get better than they are.
#include "properties/mutants/forwarding_cache.h"
#include "properties/support/mutant.h"

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

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(make_honest("kivi", config)); }

}  // namespace

extern constinit const Mutant bytes_without_metadata = {
    .strategy = {.name = "bytes_without_metadata",
                 .summary = "kivi, reporting codes only.",
                 .source = "kvproof",
                 .params = {{"bits", 0, 0, 2, 0, 2, "bits", "8 4 2"},
                            {"group", 64, 1, 4096, 1, 4, "tokens"},
                            {"residual", 64, 1, 1 << 16, 1, 12, "tokens"},
                            kRowDType},
                 .contract = [](const Params& p) { return find_strategy("kivi")->contract(p); },
                 .make = &make,
                 .refuses = [](const Params& p) { return find_strategy("kivi")->refuses(p); }},
    .fault = "the reported bytes leave out scales and minima",
    .source = "turboquant_plus #53, kvpress head-wise methods",
    .fault_class = "accounting"};

}  // namespace kvproof::mutants
