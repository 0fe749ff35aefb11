// Protection is a score as large as the largest, where it should be larger than any: a tie evicts what must stay.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  explicit Cache(const Config& c) : HeavyHitters(c) {}

  bool is_protected(Position, Position) const override { return false; }
  bool leaves_before(const ScoredRow& a, const ScoredRow& b) const override {
    const float x = with_protection(a), y = with_protection(b);
    return x != y ? x < y : a.position > b.position;
  }
  void commit(const Chunk& chunk) override {
    end_ = chunk.end();
    EvictingCache::commit(chunk);
  }

 private:
  static constexpr float kLargest = 1;  // scores are cut off there

  float with_protection(const ScoredRow& row) const {
    return row.position >= end_ - contract().visible.protected_last ? kLargest : std::min(row.score, kLargest);
  }

  Position end_ = 0;
};

}  // namespace

extern constinit const Mutant protected_rows_tie_with_the_heaviest =
    like_h2o<Cache>({.name = "protected_rows_tie_with_the_heaviest",
                     .summary = "h2o, protecting rows by the largest score.",
                     .fault = "a protected row ties with the heaviest and is evicted",
                     .source = "kvpress #227",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
