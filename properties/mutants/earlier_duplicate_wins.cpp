// A chunk that is longer than the ring writes some slots twice; here the first write stays, not the last.
#include "properties/mutants/ring_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public RingRows<Cache> {
 public:
  using RingRows::RingRows;
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    const Position end = std::min(chunk.end(), chunk.first + ring_.window);
    ring_.runs(chunk.first, end, [&](Position p, std::int64_t slot, std::int64_t n) { rows_.put(chunk, p, slot, n); });
  }
};

}  // namespace

extern constinit const Mutant earlier_duplicate_wins =
    like_window<Cache>({.name = "earlier_duplicate_wins",
                        .summary = "window, keeping the first of the tokens that a chunk puts into one slot.",
                        .fault = "of the tokens of a chunk that fall into one slot the earliest stays",
                        .source = "executorch #19213",
                        .fault_class = "ring"});

}  // namespace kvproof::mutants
