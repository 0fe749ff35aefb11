// Takes a length of 0 for "no length given": says done, and all tokens are still there.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  OpStatus truncate(Position length) override { return length == 0 ? OpStatus::kDone : inner().truncate(length); }
};

}  // namespace

extern constinit const Mutant truncate_to_zero_is_ignored =
    like_in_place<Cache>({.name = "truncate_to_zero_is_ignored",
                          .summary = "in_place, where truncate(0) does nothing.",
                          .fault = "truncate(0) says done and changes nothing",
                          .source = "transformers #47433",
                          .fault_class = "truncate"});

}  // namespace kvproof::mutants
