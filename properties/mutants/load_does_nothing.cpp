// Says that it loads a snapshot and leaves everything as it was: the default that nobody overrode.
#include "properties/mutants/forwarding_cache.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void load(SnapshotReader&) override {}
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(make_honest("in_place", config)); }

}  // namespace

extern constinit const Mutant load_does_nothing = {
    .strategy = {.name = "load_does_nothing",
                 .summary = "in_place, without a load.",
                 .source = "kvproof",
                 .params = {kRowDType},
                 .contract = [](const Params& p) { return find_strategy("in_place")->contract(p); },
                 .make = &make},
    .fault = "load() does nothing",
    .source = "tract window_kv_sdpa",
    .fault_class = "snapshot"};

}  // namespace kvproof::mutants
