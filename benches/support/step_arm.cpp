#include "benches/support/step_arm.h"

#include <algorithm>

#include "engine/base/check.h"

namespace kvproof {
namespace {

constexpr int kTokens = 4;

}  // namespace

StepArm::StepArm(SteadyCaches& caches, const TokenSource& source, StepKind kind)
    : caches_(caches), watch_([&caches] { return caches.reallocations(); }) {
  for (int i = 0; i < kTokens; ++i) tokens_.emplace_back(source, i, 1);
  for (TokenChunk& token : tokens_) {
    steps_.push_back(kind == StepKind::kAppend ? token.append() : token.decode());
  }
}

std::optional<double> StepArm::run(int calls) {
  OpStatus status = OpStatus::kDone;
  const Timed timed = watch_.time([&] {
    for (int i = 0; i < calls; ++i) {
      next_ = (next_ + 1) % steps_.size();
      if (caches_.next().step(steps_[next_]) != OpStatus::kDone) status = OpStatus::kRefused;
    }
  });
  KVPROOF_CHECK(status == OpStatus::kDone);
  caches_.settle();
  if (timed.grew() && caches_.grows_rarely()) return std::nullopt;
  return timed.ns;
}

int StepArm::max_calls() const {
  return int(std::min<std::int64_t>(caches_.allowed_drift() * caches_.count(), 1 << 16));
}

}  // namespace kvproof
