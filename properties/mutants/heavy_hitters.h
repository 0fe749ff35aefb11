// What the mutants of h2o derive from: h2o itself, with every choice open to be made wrongly.
#pragma once

#include <memory>

#include "engine/cache/evicting_cache.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {

template <class D>
class HeavyHitters : public EvictingCache<D> {
 public:
  using EvictingCache<D>::EvictingCache;

  std::int64_t queries_weighed() const override { return kAllQueries; }
  float score(Stream, const ScoredRow& row, float weight) const override { return row.score + weight; }
};

template <class Cache>
std::unique_ptr<KvCache> make_as(const Config& config) {
  return std::make_unique<Cache>(config);
}

constexpr Strategy faulty_h2o(const char* name, const char* summary, std::unique_ptr<KvCache> (*make)(const Config&)) {
  return {
      .name = name,
      .summary = summary,
      .source = "kvproof",
      .params = {{"heavy", 256, 0, 1 << 23, 0, 5, "tokens"}, {"recent", 256, 1, 1 << 23, 1, 5, "tokens"}, kRowDType},
      .contract = [](const Params& p) { return find_strategy("h2o")->contract(p); },
      .make = make};
}

}  // namespace kvproof::mutants
