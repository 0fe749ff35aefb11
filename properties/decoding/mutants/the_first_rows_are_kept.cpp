// What is kept behind a step are the first P + 1 rows: padding instead of the new one.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  void keep(Tensor& rows, const Value& row, const PaddedPast& padded, std::size_t part) override {
    if (padded.past() == padded.extent()) Padded::keep(rows, row, padded, part);
  }
};

}  // namespace

extern constinit const WayMutant the_first_rows_are_kept = {.name = "the_first_rows_are_kept",
                                                            .fault = "a row of padding is kept instead of the new row",
                                                            .source = "rlx_gemma 0.2.0, bucketed decode",
                                                            .like = "cached",
                                                            .killer = "every_way_equals_recomputation",
                                                            .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
