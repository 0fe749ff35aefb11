// The value of a new token is zero for those behind it.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  void keep(Tensor& rows, const Value& row, const PaddedPast& padded, std::size_t part) override {
    if (part == 0) Padded::keep(rows, row, padded, part);
  }
};

}  // namespace

extern constinit const WayMutant the_new_value_is_dropped = {
    .name = "the_new_value_is_dropped",
    .fault = "the new row of V is not kept, zeros are",
    .source = "greedy ids of the tests of rlx_gemma 0.2.0 do not tell it",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
