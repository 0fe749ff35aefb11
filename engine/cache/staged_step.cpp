#include "engine/cache/staged_step.h"

#include <new>
#include <utility>

#include "engine/base/check.h"

namespace kvproof {

OpStatus StagedStep::attend(const Step& step) {
  KVPROOF_CHECK(!segmented_ && !fork_);
  KvCache& cache = **cache_;
  if (cache.admits(step) == OpStatus::kRefused) return OpStatus::kRefused;
  if (auto* const segmented = dynamic_cast<SegmentedCache*>(&cache)) {
    jobs_.clear();
    StepExecutor::prepare(*segmented, step, arrived_, jobs_);
    if (!jobs_.empty()) flash_attention(jobs_);
    segmented_ = segmented;
    return OpStatus::kDone;
  }
  std::unique_ptr<KvCache> fork = cache.fork();
  const OpStatus status = fork->step(step);
  if (status == OpStatus::kDone) fork_ = std::move(fork);
  return status;
}

void StagedStep::commit() {
  if (fork_) *cache_ = std::move(fork_);
  SegmentedCache* const segmented = std::exchange(segmented_, nullptr);
  if (!segmented) return;
  try {
    StepExecutor::commit(*segmented, arrived_);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kResource, "out of memory: the rows of a step");
  }
}

void StagedStep::drop() noexcept {
  segmented_ = nullptr;
  fork_.reset();
}

}  // namespace kvproof
