// Where the new row should follow the last it overwrites it, too.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  void keep(Tensor& rows, const Value& row, const PaddedPast& padded, std::size_t part) override {
    Padded::keep(rows, row, padded, part);
    take_in(rows, kTokens, row, {padded.past() - 1, padded.past() + 1});
  }
};

}  // namespace

extern constinit const WayMutant the_new_row_lands_on_the_one_before = {
    .name = "the_new_row_lands_on_the_one_before",
    .fault = "the row before the new one is overwritten",
    .source = "an offset of one in the write position",
    .like = "cached",
    .killer = "earlier_rows_never_change",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
