// Control: a store that takes room for 512 tokens when the first one comes. A law that it breaks asks for more than a
// contract promises: slack is a strategy's own business, as long as it is reported.
#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public GrowingRows<Cache> {
 public:
  using GrowingRows::GrowingRows;
  void fit(Position n) {
    if (n > 0 && rows_.keys.capacity() == 0) rows_.resize(512);
    rows_.resize(n);
  }
};

}  // namespace

extern constinit const Mutant reserves_far_ahead =
    like_in_place<Cache>({.name = "reserves_far_ahead",
                          .summary = "in_place, with room for 512 tokens from the first on.",
                          .fault = "none: memory is taken long before it is needed",
                          .source = "kvproof",
                          .fault_class = "layout",
                          .role = Role::kControl});

}  // namespace kvproof::mutants
