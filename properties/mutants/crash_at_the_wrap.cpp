// Dereferences a null pointer when a chunk straddles the end of the ring.
#include <algorithm>

#include "properties/mutants/ring_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public RingRows<Cache> {
 public:
  using RingRows::RingRows;

  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    ring_.runs(chunk.first, chunk.end(), [&](Position p, std::int64_t slot, std::int64_t n) {
      const bool second_part = p > std::max(chunk.first, chunk.end() - ring_.window);
      if (second_part) *scratch_ = std::byte(n);
      rows_.put(chunk, p, slot, n);
    });
  }

 private:
  volatile std::byte* scratch_ = nullptr;  // for the second part; nobody makes it
};

}  // namespace

extern constinit const Mutant crash_at_the_wrap =
    like_window<Cache>({.name = "crash_at_the_wrap",
                        .summary = "window, crashing when a chunk straddles the end of the ring.",
                        .fault = "a chunk that straddles the end of the ring dereferences a null pointer",
                        .source = "kvproof",
                        .fault_class = "crash"});

}  // namespace kvproof::mutants
