// Evicts when more than the budget is exceeded: one row more than the budget is kept.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

std::unique_ptr<KvCache> make(const Config& config) {
  Params params = honest_params("h2o", config.params);
  params.set("heavy", params["heavy"] + 1);
  return make_honest(params, config);
}

}  // namespace

extern constinit const Mutant budget_off_by_one = breaks<kH2o>(&make, {.name = "budget_off_by_one",
                                                                       .summary = "h2o, with one row too many.",
                                                                       .fault = "one row more than the budget is kept",
                                                                       .source = "lattice #337",
                                                                       .fault_class = "eviction"});

}  // namespace kvproof::mutants
