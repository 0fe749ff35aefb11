// Makes room before it reads: a snapshot that is refused has cost the cache what it held.
#include "properties/mutants/like.h"
#include "properties/mutants/taken_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void load(SnapshotReader& reader) override {
    const std::unique_ptr<KvCache> loaded = inner().fork();
    inner().reset();
    loaded->load(reader);
    KVPROOF_CHECK(inner().step(take_rows(*loaded, 0, loaded->seen_tokens()).append()) == OpStatus::kDone);
  }
};

}  // namespace

extern constinit const Mutant failed_load_empties_the_cache =
    like_in_place<Cache>({.name = "failed_load_empties_the_cache",
                          .summary = "in_place, emptied before a snapshot is read.",
                          .fault = "a load that fails leaves an empty cache",
                          .source = "kvproof",
                          .fault_class = "snapshot"});

}  // namespace kvproof::mutants
