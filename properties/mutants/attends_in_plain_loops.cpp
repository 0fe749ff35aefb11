// Control: attention in plain loops, in another precision and another order of sums than the kernel's. A law that it
// breaks asks for the kernel's bits where the contract promises none; and it proves the base of the mutants of
// attention right.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;
};

}  // namespace

extern constinit const Mutant attends_in_plain_loops =
    like_plain_attention<Cache>({.name = "attends_in_plain_loops",
                                 .summary = "in_place, attended in plain float64 loops.",
                                 .fault = "none: sums are in another order and another precision",
                                 .source = "hip-ep #808",
                                 .fault_class = "attention",
                                 .role = Role::kControl});

}  // namespace kvproof::mutants
