// Control: attention in float64 and in another order of sums than the kernel, as mutants of attention have it before
// their fault. Right within rounding; a law that it breaks takes the bits of one implementation for the truth.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;
};

}  // namespace

extern constinit const Mutant sums_in_float64 =
    like_plain_attention<Cache>({.name = "sums_in_float64",
                                 .summary = "in_place, with attention in plain float64 loops.",
                                 .fault = "none: sums have another order and are wider",
                                 .source = "hip-ep #808",
                                 .fault_class = "attention",
                                 .role = Role::kControl});

}  // namespace kvproof::mutants
