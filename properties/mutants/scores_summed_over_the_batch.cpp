// Adds up scores over the batch, so that one sequence decides what another keeps.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  void commit(const Chunk& chunk) override {
    chunk_ = &chunk;
    stored_ = positions_.used();
    EvictingCache::commit(chunk);
  }
  float score(Stream s, const ScoredRow& row, float) const override {
    const std::int64_t at = row.slot == ScoredRow::kNew ? stored_ + row.position - chunk_->first : row.slot;
    float sum = row.score;
    for (int other = s.index % geometry().kv_heads; other < streams(); other += geometry().kv_heads) {
      sum += chunk_->weights({other})[std::size_t(at)];
    }
    return sum;
  }

 private:
  const Chunk* chunk_ = nullptr;
  std::int64_t stored_ = 0;
};

}  // namespace

extern constinit const Mutant scores_summed_over_the_batch =
    like_h2o<Cache>({.name = "scores_summed_over_the_batch",
                     .summary = "h2o, with one score for the whole batch.",
                     .fault = "scores are summed over the batch",
                     .source = "FMInference/H2O",
                     .fault_class = "batch"});

}  // namespace kvproof::mutants
