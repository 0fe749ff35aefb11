// Copies the rows to the fork and not their number.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  std::unique_ptr<KvCache> fork() const override {
    std::unique_ptr<KvCache> child = inner().fork();
    child->reset();
    return std::make_unique<Cache>(std::move(child));
  }
};

}  // namespace

extern constinit const Mutant fork_starts_empty =
    like_in_place<Cache>({.name = "fork_starts_empty",
                          .summary = "in_place, whose forks have no tokens.",
                          .fault = "a fork has no length",
                          .source = "kvproof",
                          .fault_class = "fork"});

}  // namespace kvproof::mutants
