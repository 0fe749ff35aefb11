// Advances by one row too few of the padded values that a step gives back: the newest value is lost, and a row of
// zeros stands for it from the next step on.
#include <algorithm>

#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public GrowingRows<Cache> {
 public:
  using GrowingRows::GrowingRows;

 protected:
  void put(const Chunk& chunk) override {
    GrowingRows::put(chunk);
    for (int s = 0; s < streams(); ++s) {
      std::fill_n(rows_.values.block({s}, chunk.end() - 1), rows_.values.codec().block_bytes(), std::byte(0));
    }
  }
};

}  // namespace

extern constinit const Mutant new_value_is_dropped =
    like_in_place<Cache>({.name = "new_value_is_dropped",
                          .summary = "in_place, storing zeros for the value of the newest token.",
                          .fault = "the value of the last token of a step is stored as zeros",
                          .source = "rlx_gemma 0.2.0",
                          .fault_class = "chunk"});

}  // namespace kvproof::mutants
