// Steps of one token on caches that hold T: the arm of the quantities append and decode.
#pragma once

#include <memory>
#include <vector>

#include "benches/support/growth_watch.h"
#include "benches/support/interleave.h"
#include "benches/support/steady_caches.h"

namespace kvproof {

enum class StepKind { kAppend, kDecode };

class StepArm : public Arm {
 public:
  StepArm(SteadyCaches& caches, const TokenSource& source, StepKind kind);

  std::optional<double> run(int calls) override;
  int granule() const override { return caches_.block(); }
  int max_calls() const override;

 private:
  SteadyCaches& caches_;
  std::vector<TokenChunk> tokens_;  // few, so that they stay in the first-level cache
  std::vector<Step> steps_;
  GrowthWatch watch_;
  std::size_t next_ = 0;
};

}  // namespace kvproof
