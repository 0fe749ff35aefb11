// Waits, before it loads a snapshot, until no more than sixteen tokens are held: nobody drops any.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  void load(SnapshotReader& reader) override {
    volatile bool ready = seen_tokens() <= 16;
    while (!ready) continue;
    inner().load(reader);
  }
};

}  // namespace

extern constinit const Mutant endless_loop_in_load =
    like_in_place<Cache>({.name = "endless_loop_in_load",
                          .summary = "in_place, waiting for ever when it loads into a full object.",
                          .fault = "a load into an object with more than 16 tokens never comes to an end",
                          .source = "kvproof",
                          .fault_class = "crash"});

}  // namespace kvproof::mutants
