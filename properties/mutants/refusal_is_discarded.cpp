// Asks its rows to go back, does not look at the answer, and says done: the rows have refused.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  OpStatus truncate(Position length) override {
    (void)inner().truncate(length);
    return OpStatus::kDone;
  }
};

}  // namespace

extern constinit const Mutant refusal_is_discarded =
    like_window<Cache>({.name = "refusal_is_discarded",
                        .summary = "window, whose truncate always says done.",
                        .fault = "a truncate that was refused says done",
                        .source = "llama.cpp #27931, #28425",
                        .fault_class = "truncate"});

}  // namespace kvproof::mutants
