// Promises a window and evicts nothing: the outputs are right, for attention knows the window, and memory grows for
// ever.
#include "engine/cache/common_caches.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant window_never_evicts =
    like_window<GrowingCache<Capacity::kLadder>>({.name = "window_never_evicts",
                                                  .summary = "window, over rows that grow for ever.",
                                                  .fault = "nothing is evicted",
                                                  .source = "VeloxQuant-MLX #274",
                                                  .fault_class = "ring"});

}  // namespace kvproof::mutants
