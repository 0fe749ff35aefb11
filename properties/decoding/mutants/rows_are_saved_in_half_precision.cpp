// A saved text holds its rows in bf16.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

  void save(SnapshotWriter& writer) const override {
    writer.begin();
    writer(batch());
    writer(fed());
    for (const Tensor& rows : past()) {
      const Tensor rounded = to_dtype(to_dtype(rows, DType::kBF16), rows.dtype());
      writer.raw({rounded.view().data, rounded.view().size_bytes()});
    }
    writer.seal();
  }
};

}  // namespace

extern constinit const WayMutant rows_are_saved_in_half_precision = {.name = "rows_are_saved_in_half_precision",
                                                                     .fault = "saving rounds K and V to bf16",
                                                                     .source = "a snapshot in the type of the weights",
                                                                     .like = "cached",
                                                                     .killer = "a_resumed_text_goes_on_bit_for_bit",
                                                                     .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
