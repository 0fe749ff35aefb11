// Copies keys to the fork and forgets the values.
#include "properties/mutants/like.h"
#include "properties/mutants/taken_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  std::unique_ptr<KvCache> fork() const override {
    TakenRows rows = take_rows(inner(), 0, seen_tokens());
    rows.v = zero_rows(geometry(), seen_tokens()).v;
    std::unique_ptr<KvCache> child = inner().fork();
    refill(*child, rows);
    return std::make_unique<Cache>(std::move(child));
  }
};

}  // namespace

extern constinit const Mutant fork_copies_keys_only =
    like_in_place<Cache>({.name = "fork_copies_keys_only",
                          .summary = "in_place, whose forks have values of zero.",
                          .fault = "a fork has the keys and not the values",
                          .source = "TensorRT-LLM #8813",
                          .fault_class = "fork"});

}  // namespace kvproof::mutants
