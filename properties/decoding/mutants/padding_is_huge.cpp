// Padding is 1e30: what no mask lets through may be anything.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  float padding() override { return 1e30F; }
};

}  // namespace

extern constinit const WayMutant padding_is_huge = {.name = "padding_is_huge",
                                                    .fault = "rows of padding are 1e30",
                                                    .source = "correctness depends on the mask alone",
                                                    .like = "cached",
                                                    .make = &make_padded<Decoding>,
                                                    .role = Role::kControl};

}  // namespace kvproof::way_mutants
