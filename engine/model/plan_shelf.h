// Plans for certain lengths, kept for whoever comes with the same again.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <tuple>

#include "engine/model/decoders.h"
#include "engine/model/plan_cache.h"

namespace kvproof {

// Shared by runners, on any threads. The key is all that a plan depends on.
class PlanShelf {
 public:
  // REQUIRES: capacity >= 1.
  explicit PlanShelf(std::size_t capacity) : plans_(capacity) {}

  // Throws what Plan throws; nothing is kept then.
  std::shared_ptr<const Plan> get(const Decoders& decoders, Phase phase, const Bindings& symbols) {
    const std::lock_guard lock(mutex_);
    return plans_.get({decoders.key(), phase, symbols}, [&] { return decoders.plan(phase, symbols); });
  }
  PlanCounters counters() const {
    const std::lock_guard lock(mutex_);
    return plans_.counters();
  }

 private:
  mutable std::mutex mutex_;
  PlanCache<std::tuple<Decoders::Key, Phase, Bindings>, std::shared_ptr<const Plan>> plans_;
};

}  // namespace kvproof
