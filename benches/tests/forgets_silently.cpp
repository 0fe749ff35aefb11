// A strategy that keeps a window and claims to show everything: what the check before timing has to catch.
#include "engine/cache/kv_cache.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

Contract contract(const Params&) {
  const Params all = parse_spec("in_place");
  return all.strategy().contract(all);
}

std::unique_ptr<KvCache> make(const Config& config) {
  const Params window = parse_spec("window:w=32");
  return window.strategy().make({config.geometry, window, config.spec});
}

}  // namespace

extern constinit const Strategy forgets_silently = {.name = "forgets_silently",
                                                    .summary = "Keeps a window and claims to show everything.",
                                                    .source = "the tests of benches",
                                                    .params = {},
                                                    .contract = &contract,
                                                    .make = &make};

}  // namespace kvproof
