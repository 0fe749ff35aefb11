// Logits behind one more token are those of a prefill of the whole text; the caches are filled and not read.
#include "properties/decoding/way.h"

namespace kvproof::way_mutants {
namespace {

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return make_runner("recompute", std::move(decoders));
}

}  // namespace

extern constinit const WayMutant the_prefill_runs_again = {.name = "the_prefill_runs_again",
                                                           .fault = "every turn takes in the whole text again",
                                                           .source = "rlx_gemma 0.2.0, logits behind a forced token",
                                                           .like = "cached",
                                                           .killer = "each_token_is_taken_in_once",
                                                           .make = &make};

}  // namespace kvproof::way_mutants
