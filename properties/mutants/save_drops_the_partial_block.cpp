// Saves whole blocks of 4 tokens; those of the last block that is not full are in no snapshot.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void save(SnapshotWriter& writer) const override {
    const std::unique_ptr<KvCache> whole = inner().fork();
    KVPROOF_CHECK(whole->truncate(seen_tokens() - seen_tokens() % 4) == OpStatus::kDone);
    whole->save(writer);
  }
};

}  // namespace

extern constinit const Mutant save_drops_the_partial_block =
    like_in_place<Cache>({.name = "save_drops_the_partial_block",
                          .summary = "in_place, saving whole blocks of 4 tokens.",
                          .fault = "a snapshot ends with the last full block",
                          .source = "kvproof",
                          .fault_class = "snapshot"});

}  // namespace kvproof::mutants
