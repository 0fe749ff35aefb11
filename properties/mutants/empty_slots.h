// Attends the slots that no token has filled yet, as rows of zeros, with those that one has.
#pragma once

#include "properties/mutants/like.h"
#include "properties/mutants/taken_rows.h"

namespace kvproof::mutants {

class AttendsEmptySlots final : public ForwardingCache<AttendsEmptySlots> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    if (step.q.empty() || step.k.empty() || step.mask) return inner().step(step);
    const std::int64_t empty = empty_slots() - step.k.shape[2];
    if (empty <= 0) return inner().step(step);
    if (admits(step) == OpStatus::kRefused) return OpStatus::kRefused;
    const std::unique_ptr<KvCache> filled = inner().fork();
    KVPROOF_CHECK(filled->step(zero_rows(geometry(), empty).append()) == OpStatus::kDone);
    KVPROOF_CHECK(filled->step(step) == OpStatus::kDone);
    return inner().step({.k = step.k, .v = step.v});
  }

 private:
  std::int64_t empty_slots() const {
    const MemoryUse use = memory();
    std::vector<Position> held;
    inner().held({0}, held);
    return use.live() ? std::int64_t(use.slack * held.size() / use.live()) : 0;
  }
};

}  // namespace kvproof::mutants
