// Evicts when more than the budget is exceeded: one row more than the budget is kept.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

std::unique_ptr<KvCache> make(const Config& config) {
  const Strategy& honest = *find_strategy("h2o");
  Params params(honest);
  params.set("heavy", config.params["heavy"] + 1);
  params.set("recent", config.params["recent"]);
  params.set("dtype", config.params["dtype"]);
  return honest.make({config.geometry, params, config.spec});
}

}  // namespace

extern constinit const Mutant budget_off_by_one = {
    .strategy = faulty_h2o("budget_off_by_one", "h2o, with one row too many.", &make),
    .fault = "one row more than the budget is kept",
    .source = "lattice #337",
    .fault_class = "eviction"};

}  // namespace kvproof::mutants
