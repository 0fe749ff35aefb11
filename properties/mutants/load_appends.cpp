// Loads the rows of a snapshot behind those that the object holds, which is right for a fresh object only.
#include "properties/mutants/like.h"
#include "properties/mutants/taken_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void load(SnapshotReader& reader) override {
    const std::unique_ptr<KvCache> loaded = inner().fork();
    loaded->load(reader);
    KVPROOF_CHECK(inner().step(take_rows(*loaded, 0, loaded->seen_tokens()).append()) == OpStatus::kDone);
  }
};

}  // namespace

extern constinit const Mutant load_appends =
    like_in_place<Cache>({.name = "load_appends",
                          .summary = "in_place, loading behind what it holds.",
                          .fault = "load() keeps the rows of a dirty object and appends",
                          .source = "tract quantized_dyn_kv_cache",
                          .fault_class = "snapshot"});

}  // namespace kvproof::mutants
