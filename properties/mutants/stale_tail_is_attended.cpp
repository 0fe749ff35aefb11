// Truncates by moving the length back. The next step attends the rows that stand behind it once more.
#include "properties/mutants/stale_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public StaleRows<Cache> {
 public:
  using StaleRows::StaleRows;
  OpStatus truncate(Position length) override {
    if (length <= 0 || length >= seen_tokens()) return StaleRows::truncate(length);
    pretend(length);
    return OpStatus::kDone;
  }
};

}  // namespace

extern constinit const Mutant stale_tail_is_attended =
    like_in_place<Cache>({.name = "stale_tail_is_attended",
                          .summary = "in_place, attending truncated rows once more.",
                          .fault = "the step after a truncate attends the rows that were truncated",
                          .source = "transformers #30312, llama.cpp #25725",
                          .fault_class = "truncate"});

}  // namespace kvproof::mutants
