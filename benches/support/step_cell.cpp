#include "benches/support/step_cell.h"

#include "benches/support/oracle_check.h"

namespace kvproof {

StepCell::Side::Side(const std::string& spec, const Cell& cell, Bench& bench, StepKind kind)
    : caches(spec, bench.source(cell.geometry, cell.dtype), cell.tokens,
             cell.residency == Residency::kCold ? bench.settings().cold_bytes : 0),
      arm(caches, bench.source(cell.geometry, cell.dtype), kind) {
  arm.run(1);  // so that the check sees a row that arrived alone
  check_step(caches.next(), caches.contract(), bench.source(cell.geometry, cell.dtype), 1);
  caches.settle();
}

StepCell::StepCell(const Cell& cell, Bench& bench, StepKind kind) : subject_(cell.strategy, cell, bench, kind) {
  if (cell.strategy != kReferenceStrategy) {
    reference_ = std::make_unique<Side>(kReferenceStrategy, cell, bench, kind);
  }
}

std::vector<Arm*> StepCell::arms() {
  std::vector<Arm*> arms = {&subject_.arm};
  if (reference_) arms.push_back(&reference_->arm);
  return arms;
}

double StepCell::ratio_to_concat(const Cell& cell, const Comparison& comparison) {
  if (cell.strategy == kReferenceStrategy) return 1;
  return paired_ratio(comparison.rounds[0], comparison.rounds[1]);
}

}  // namespace kvproof
