// A strategy that stores f16 and claims to keep every bit: what the check before timing has to catch.
#include "engine/cache/kv_cache.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

Contract contract(const Params&) {
  const Params exact = parse_spec("in_place");
  return exact.strategy().contract(exact);
}

std::unique_ptr<KvCache> make(const Config& config) {
  const Params rounded = parse_spec("in_place:dtype=f16");
  return rounded.strategy().make({config.geometry, rounded, config.spec});
}

}  // namespace

extern constinit const Strategy rounds_silently = {.name = "rounds_silently",
                                                   .summary = "Stores f16 and claims to keep every bit.",
                                                   .source = "the tests of benches",
                                                   .params = {},
                                                   .contract = &contract,
                                                   .make = &make};

}  // namespace kvproof
