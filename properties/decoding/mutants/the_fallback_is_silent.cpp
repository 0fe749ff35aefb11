// Steps beyond the largest bucket get a plan for themselves, and nobody is told.
#include "properties/decoding/mutants/forwarding_runner.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Forwarding<Runs> {
 public:
  using Forwarding::Forwarding;

  std::int64_t fallbacks() const override { return 0; }
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return forward<Runs>("bucketed:4", std::move(decoders));
}

}  // namespace

extern constinit const WayMutant the_fallback_is_silent = {.name = "the_fallback_is_silent",
                                                           .fault = "steps beyond the buckets are not counted",
                                                           .source = "rlx_gemma 0.2.0, bucketed decode",
                                                           .like = "bucketed:4",
                                                           .killer = "a_length_that_comes_again_hits",
                                                           .make = &make};

}  // namespace kvproof::way_mutants
