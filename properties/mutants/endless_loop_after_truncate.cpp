// Looks for the end of what is left after a truncation, and never finds it when a chunk of several tokens comes next.
#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public GrowingRows<Cache> {
 public:
  using GrowingRows::GrowingRows;

  void fit(Position n) {
    if (n < rows_.keys.used()) truncated_ = true;
    rows_.resize(n);
  }

 protected:
  void put(const Chunk& chunk) override {
    volatile bool found = !truncated_ || chunk.tokens == 1;
    while (!found) continue;
    truncated_ = false;
    GrowingRows::put(chunk);
  }

 private:
  bool truncated_ = false;
};

}  // namespace

extern constinit const Mutant endless_loop_after_truncate =
    like_in_place<Cache>({.name = "endless_loop_after_truncate",
                          .summary = "in_place, waiting for ever when a chunk follows a truncation.",
                          .fault = "a chunk of several tokens after a truncation never comes to an end",
                          .source = "kvproof",
                          .fault_class = "crash"});

}  // namespace kvproof::mutants
