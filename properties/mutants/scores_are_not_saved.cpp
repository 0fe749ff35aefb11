// A snapshot carries rows and positions; scores come back as zeros.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;

  template <class A>
  void each(A& archive) {
    rows_.each(archive);
    positions_.each(archive);
    if constexpr (std::is_same_v<A, SnapshotWriter>) {
      Table<float> zeros = scores_;
      for (int s = 0; s < streams(); ++s) std::fill(zeros.of({s}).begin(), zeros.of({s}).end(), 0.f);
      zeros.each(archive);
    } else {
      scores_.each(archive);
    }
  }
};

}  // namespace

extern constinit const Mutant scores_are_not_saved = like_h2o<Cache>({.name = "scores_are_not_saved",
                                                                      .summary = "h2o, saving no scores.",
                                                                      .fault = "a snapshot leaves out the scores",
                                                                      .source = "mlx-lm #886",
                                                                      .fault_class = "snapshot"});

}  // namespace kvproof::mutants
