// The score of the first row outlives a reset, and the next sequence begins with it.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  explicit Cache(const Config& c) : HeavyHitters(c), left_over_(std::size_t(streams()), 0.f) {}
  Cache(const Cache&) = default;
  Cache& operator=(Cache&& other) {
    HeavyHitters::operator=(std::move(other));
    return *this;
  }

  void commit(const Chunk& chunk) override {
    EvictingCache::commit(chunk);
    for (int s = 0; s < streams(); ++s)
      left_over_[std::size_t(s)] = std::max(left_over_[std::size_t(s)], scores_.of({s})[0]);
  }
  float score(Stream s, const ScoredRow& row, float weight) const override {
    const bool first = row.position == 0 && row.slot == ScoredRow::kNew;
    return row.score + weight + (first ? left_over_[std::size_t(s.index)] : 0);
  }

 private:
  std::vector<float> left_over_;  // [streams]
};

}  // namespace

extern constinit const Mutant scores_survive_a_reset =
    like_h2o<Cache>({.name = "scores_survive_a_reset",
                     .summary = "h2o, keeping a score over a reset.",
                     .fault = "an accumulated score survives reset()",
                     .source = "kvpress #221, H2O _reset_masks",
                     .fault_class = "reset"});

}  // namespace kvproof::mutants
