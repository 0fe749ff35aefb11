// Grows by exactly what is appended, and so copies all it holds every time, where growth is promised to be amortised.
#include "engine/cache/common_caches.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

using Cache = GrowingCache<Capacity::kExact>;

}  // namespace

extern constinit const Mutant copies_everything_at_every_append =
    like_in_place<Cache>({.name = "copies_everything_at_every_append",
                          .summary = "in_place, growing by one row at a time.",
                          .fault = "every append copies all rows",
                          .source = "tract dyn_kv_cache",
                          .fault_class = "accounting"});

}  // namespace kvproof::mutants
