// Says that it loads a snapshot and leaves everything as it was: the default that nobody overrode.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void load(SnapshotReader&) override {}
};

}  // namespace

extern constinit const Mutant load_does_nothing = like_in_place<Cache>({.name = "load_does_nothing",
                                                                        .summary = "in_place, without a load.",
                                                                        .fault = "load() does nothing",
                                                                        .source = "tract window_kv_sdpa",
                                                                        .fault_class = "snapshot"});

}  // namespace kvproof::mutants
