// A chunk that straddles the end of the ring is stored in two parts, and the first row of the second part is forgotten.
#include "properties/mutants/ring_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public RingRows<Cache> {
 public:
  using RingRows::RingRows;

  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    bool second_part = false;
    ring_.runs(chunk.first, chunk.end(), [&](Position p, std::int64_t slot, std::int64_t n) {
      const std::int64_t forgotten = second_part ? 1 : 0;
      rows_.put(chunk, p + forgotten, slot + forgotten, n - forgotten);
      second_part = true;
    });
  }
};

}  // namespace

extern constinit const Mutant ring_loses_a_row_at_the_wrap =
    like_window<Cache>({.name = "ring_loses_a_row_at_the_wrap",
                        .summary = "window, forgetting the row that a chunk puts into slot 0.",
                        .fault = "a chunk that straddles the end of the ring loses its first row behind the end",
                        .source = "keys_values #140",
                        .fault_class = "ring"});

}  // namespace kvproof::mutants
