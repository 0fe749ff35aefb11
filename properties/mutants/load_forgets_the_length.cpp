// A snapshot without a length: what is loaded is as long as it has rows, which a ring that has wrapped is not.
#include "properties/mutants/like.h"
#include "properties/mutants/taken_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void load(SnapshotReader& reader) override {
    inner().load(reader);
    std::vector<Position> held;
    inner().held({0}, held);
    if (held.empty() || held.front() == 0) return;
    refill(inner(), take_rows(inner(), held.front(), seen_tokens()));
  }
};

}  // namespace

extern constinit const Mutant load_forgets_the_length =
    like_window<Cache>({.name = "load_forgets_the_length",
                        .summary = "window, whose snapshots carry no length.",
                        .fault = "after a load there are as many tokens as rows",
                        .source = "llama.cpp #1257, mlx-lm #81",
                        .fault_class = "snapshot"});

}  // namespace kvproof::mutants
