// What does it cost to take one more token at T tokens held, without attention? ns per token, lower
// is better.
//
// One cache, stepped with k and v alone. Not in it: attention, the steps in which a store grows
// (see growth.cpp), and the truncation that brings the cache back to T between sub-samples.
#include "benches/support/lines.h"
#include "benches/support/quantity.h"
#include "benches/support/step_cell.h"

namespace kvproof {
namespace {

Lines measure(const Cell& cell, Bench& bench) {
  StepCell steps(cell, bench, StepKind::kAppend);
  const std::vector<Arm*> arms = steps.arms();
  const Comparison comparison = compare(arms, bench.schedule());
  // What one token adds: the share of a token in the bytes of all that are held.
  const std::size_t held = std::size_t(std::max<Position>(cell.tokens, 1));
  nlohmann::json line = bench_line(cell, {.quantity = "append",
                                          .samples = comparison.rounds[0],
                                          .calls = comparison.calls[0],
                                          .held = cell.tokens,
                                          .cache_bytes = steps.subject().cache_bytes() / held});
  line["ratio_to_concat"] = StepCell::ratio_to_concat(cell, comparison);
  return {line};
}

}  // namespace

namespace quantities {
extern const Quantity append = {.name = "append",
                                .summary = "one token stored, without attention",
                                .unit = Unit::kNanoseconds,
                                .measure = &measure};
}  // namespace quantities
}  // namespace kvproof
