// Looks for the end of what is left after a truncation, and never finds it when the next one comes before anything was
// appended.
#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public GrowingRows<Cache> {
 public:
  using GrowingRows::GrowingRows;

  void fit(Position n) {
    const bool shorter = n < rows_.keys.used();
    volatile bool found = !shorter || !truncated_;
    while (!found) continue;
    truncated_ = shorter;
    rows_.resize(n);
  }

 private:
  bool truncated_ = false;
};

}  // namespace

extern constinit const Mutant endless_loop_after_two_truncations =
    like_in_place<Cache>({.name = "endless_loop_after_two_truncations",
                          .summary = "in_place, waiting for ever after the second truncation.",
                          .fault = "a truncation right after another one never comes to an end",
                          .source = "kvproof",
                          .fault_class = "crash"});

}  // namespace kvproof::mutants
