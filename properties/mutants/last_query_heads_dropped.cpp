// Works on tiles of four query heads of a group, and forgets those that fill no tile: a group of 7 gets four answers.
#include <algorithm>

#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

constexpr int kTile = 4;

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    const OpStatus status = inner().step(step);
    if (status == OpStatus::kRefused || step.q.empty()) return status;
    const int heads = geometry().batch * geometry().q_heads, group = geometry().group();
    const std::size_t bytes = TensorView(step.out).size_bytes() / std::size_t(heads);
    for (int h = 0; h < heads; ++h) {
      if (group > kTile && h % group >= group / kTile * kTile) {
        std::fill_n(step.out.data + std::size_t(h) * bytes, bytes, std::byte(0));
      }
    }
    return status;
  }
};

}  // namespace

extern constinit const Mutant last_query_heads_dropped =
    like_in_place<Cache>({.name = "last_query_heads_dropped",
                          .summary = "in_place, with tiles of four query heads.",
                          .fault = "query heads that fill no tile of four get zeros",
                          .source = "flashinfer #1614",
                          .fault_class = "heads"});

}  // namespace kvproof::mutants
