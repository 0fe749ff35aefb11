// A step in two halves: the outputs now, the new rows later or never. For whoever steps many caches and must be able to
// take all of it back.
#pragma once

#include <memory>
#include <vector>

#include "engine/cache/kv_cache.h"
#include "engine/cache/step_executor.h"

namespace kvproof {

// attend() then commit() is step(), bit for bit; attend() then drop() is nothing. A SegmentedCache keeps the encoded
// chunk until then; any other cache is forked, and the fork takes its place in commit().
class StagedStep {
 public:
  // Of the cache that `cache` owns at each call; the pointer outlives this object and is replaced where a fork takes
  // over.
  explicit StagedStep(std::unique_ptr<KvCache>& cache) : cache_(&cache) {}
  StagedStep(const StagedStep&) = delete;
  StagedStep& operator=(const StagedStep&) = delete;

  // Writes step.out and stages the rows. kRefused or an exception: nothing is staged. REQUIRES: nothing is staged;
  // until commit() or drop(), step.k and step.v stay where they are and nobody touches the cache.
  [[nodiscard]] OpStatus attend(const Step& step);
  // Keeps what is staged; nothing if nothing is. Throws Error(kResource) for want of memory only: the cache is then as
  // it was before attend(), and nothing is staged.
  void commit();
  void drop() noexcept;

 private:
  std::unique_ptr<KvCache>* cache_;
  SegmentedCache* segmented_ = nullptr;  // that `arrived_` is staged for
  Arrived arrived_;
  std::vector<AttentionJob> jobs_;
  std::unique_ptr<KvCache> fork_;  // the cache after the step
};

}  // namespace kvproof
