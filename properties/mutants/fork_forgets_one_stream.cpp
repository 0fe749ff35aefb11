// Copies all streams but the last to the fork.
#include "properties/mutants/like.h"
#include "properties/mutants/taken_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  std::unique_ptr<KvCache> fork() const override {
    TakenRows rows = take_rows(inner(), 0, seen_tokens());
    const Geometry& g = geometry();
    std::fill_n(rows.k.as<float>() + (g.streams() - 1) * seen_tokens() * g.d, seen_tokens() * g.d, 0.f);
    std::fill_n(rows.v.as<float>() + (g.streams() - 1) * seen_tokens() * g.dv, seen_tokens() * g.dv, 0.f);
    std::unique_ptr<KvCache> child = inner().fork();
    refill(*child, rows);
    return std::make_unique<Cache>(std::move(child));
  }
};

}  // namespace

extern constinit const Mutant fork_forgets_one_stream =
    like_in_place<Cache>({.name = "fork_forgets_one_stream",
                          .summary = "in_place, whose forks have a last stream of zeros.",
                          .fault = "the last stream of a fork is empty",
                          .source = "kvproof",
                          .fault_class = "fork"});

}  // namespace kvproof::mutants
