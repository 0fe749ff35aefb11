// Counts the bytes of keys and forgets that values take as many.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  MemoryUse memory() const override {
    MemoryUse use = inner().memory();
    const std::size_t width = std::size_t(geometry().d + geometry().dv);
    use.payload = use.payload / width * std::size_t(geometry().d);
    use.slack = use.slack / width * std::size_t(geometry().d);
    return use;
  }
};

}  // namespace

extern constinit const Mutant keys_counted_alone =
    like_in_place<Cache>({.name = "keys_counted_alone",
                          .summary = "in_place, reporting the bytes of its keys.",
                          .fault = "the reported bytes leave out the values",
                          .source = "rMLX #33, #39",
                          .fault_class = "accounting"});

}  // namespace kvproof::mutants
