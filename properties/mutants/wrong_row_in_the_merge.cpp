// Merges parts of a query by its number modulo four: from the fifth query of a chunk on, each gets the answer of
// another one.
#include <cstring>

#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    const OpStatus status = inner().step(step);
    if (status == OpStatus::kRefused || step.q.empty()) return status;
    const std::int64_t queries = step.q.shape[2], heads = step.q.shape[0] * step.q.shape[1];
    const std::size_t row = std::size_t(geometry().dv) * size_of(step.out.dtype);
    for (std::int64_t i = 0; i < heads * queries; ++i) {
      const std::int64_t merged = i / queries * queries + i % queries % 4;
      std::memmove(step.out.data + std::size_t(i) * row, step.out.data + std::size_t(merged) * row, row);
    }
    return status;
  }
};

}  // namespace

extern constinit const Mutant wrong_row_in_the_merge =
    like_in_place<Cache>({.name = "wrong_row_in_the_merge",
                          .summary = "in_place, taking the fifth query of a chunk for the first.",
                          .fault = "query i of a chunk gets the answer of query i mod 4",
                          .source = "flashinfer #4382",
                          .fault_class = "chunk"});

}  // namespace kvproof::mutants
