// Padding is NaN: what no mask lets through may be anything.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  float padding() override { return std::nanf(""); }
};

}  // namespace

extern constinit const WayMutant padding_is_no_number = {.name = "padding_is_no_number",
                                                         .fault = "rows of padding are NaN",
                                                         .source = "correctness depends on the mask alone",
                                                         .like = "cached",
                                                         .make = &make_padded<Decoding>,
                                                         .role = Role::kControl};

}  // namespace kvproof::way_mutants
