// Ends the process when a fork is forked: a count of references that is checked by an assertion of its own.
#include <cstdlib>

#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public GrowingRows<Cache> {
 public:
  using GrowingRows::GrowingRows;

  Cache(const Cache& other) : GrowingRows(other), forks_(other.forks_ + 1) {
    if (forks_ > 1) std::abort();
  }
  Cache(Cache&&) = default;
  Cache& operator=(Cache&&) = default;

 private:
  int forks_ = 0;  // between this object and one that was made
};

}  // namespace

extern constinit const Mutant abort_when_forked_twice =
    like_in_place<Cache>({.name = "abort_when_forked_twice",
                          .summary = "in_place, ending the process when a fork is forked.",
                          .fault = "the fork of a fork aborts",
                          .source = "kvproof",
                          .fault_class = "crash"});

}  // namespace kvproof::mutants
