// Resets the length and leaves the rows, which the next step attends.
#include "properties/mutants/stale_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public StaleRows<Cache> {
 public:
  using StaleRows::StaleRows;
  void reset() override { pretend(0); }
};

}  // namespace

extern constinit const Mutant reset_keeps_the_rows =
    like_in_place<Cache>({.name = "reset_keeps_the_rows",
                          .summary = "in_place, whose reset clears the length only.",
                          .fault = "the step after a reset attends the rows that were there",
                          .source = "kvproof",
                          .fault_class = "reset"});

}  // namespace kvproof::mutants
