// Takes a question for a step of one token: the last row is appended once more.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    const OpStatus status = inner().step(step);
    if (status == OpStatus::kRefused || step.q.empty() || !step.k.empty()) return status;
    const Geometry& g = geometry();
    Tensor k(DType::kF32, {g.batch, g.kv_heads, 1, g.d}), v(DType::kF32, {g.batch, g.kv_heads, 1, g.dv});
    for (int s = 0; s < g.streams(); ++s) {
      inner().read({s}, seen_tokens() - 1, {k.as<float>() + s * g.d, std::size_t(g.d)},
                   {v.as<float>() + s * g.dv, std::size_t(g.dv)});
    }
    return inner().step({.k = k, .v = v});
  }
};

}  // namespace

extern constinit const Mutant asking_appends =
    like_in_place<Cache>({.name = "asking_appends",
                          .summary = "in_place, appending when it is only asked.",
                          .fault = "asking again appends the last row once more",
                          .source = "rlx_gemma 0.2.0",
                          .fault_class = "attention"});

}  // namespace kvproof::mutants
