// Sums weights in the storage type, which is half precision.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double weigh(const Asked&, std::vector<double>& scores) const override {
    exponentials(scores);
    float sum = 0;
    for (const double w : scores) sum = f32_from_f16(f16_from_f32(sum + float(w)));
    return double(sum);
  }
};

}  // namespace

extern constinit const Mutant sums_in_half_precision =
    like_plain_attention<Cache>({.name = "sums_in_half_precision",
                                 .summary = "in_place, summing its weights in 16 bits.",
                                 .fault = "the sum of weights is accumulated in 16 bits",
                                 .source = "tract Sdpa acc_datum_type",
                                 .fault_class = "attention"});

}  // namespace kvproof::mutants
