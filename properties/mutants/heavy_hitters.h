// What the mutants of h2o derive from: h2o itself, with every choice open to be made wrongly.
#pragma once

#include "engine/cache/evicting_cache.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {

template <class D>
class HeavyHitters : public EvictingCache<D> {
 public:
  using EvictingCache<D>::EvictingCache;

  std::int64_t queries_weighed() const override { return kAllQueries; }
  float score(Stream, const ScoredRow& row, float weight) const override { return row.score + weight; }
};

}  // namespace kvproof::mutants
