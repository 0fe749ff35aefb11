// A fork copies rows and not what goes with them: its scores begin at zero.
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Cache final : public HeavyHitters<Cache> {
 public:
  using HeavyHitters::HeavyHitters;
  Cache(const Cache& other) : HeavyHitters(other) {
    for (int s = 0; s < streams(); ++s) std::fill(scores_.of({s}).begin(), scores_.of({s}).end(), 0.f);
  }
  Cache& operator=(Cache&&) = default;
};

}  // namespace

extern constinit const Mutant scores_are_not_forked = like_h2o<Cache>({.name = "scores_are_not_forked",
                                                                       .summary = "h2o, forgetting scores in a fork.",
                                                                       .fault = "a fork begins with scores of zero",
                                                                       .source = "unslothai/llama.cpp #143",
                                                                       .fault_class = "fork"});

}  // namespace kvproof::mutants
