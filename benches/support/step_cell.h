// What append and decode cells share: the caches of a strategy beside those of the reference,
// checked and ready to be stepped in turns.
#pragma once

#include <memory>
#include <vector>

#include "benches/support/bench.h"
#include "benches/support/cell.h"
#include "benches/support/step_arm.h"

namespace kvproof {

class StepCell {
 public:
  // Throws WrongResult if the strategy or the reference does not agree with the oracle.
  StepCell(const Cell& cell, Bench& bench, StepKind kind);

  const SteadyCaches& subject() const { return subject_.caches; }
  // The subject's arm, then the reference's unless they are the same.
  std::vector<Arm*> arms();
  // Time over the reference's time in the same rounds; 1 for the reference itself.
  static double ratio_to_concat(const Cell& cell, const Comparison& comparison);

 private:
  struct Side {
    Side(const std::string& spec, const Cell& cell, Bench& bench, StepKind kind);

    SteadyCaches caches;
    StepArm arm;
  };

  Side subject_;
  std::unique_ptr<Side> reference_;
};

}  // namespace kvproof
