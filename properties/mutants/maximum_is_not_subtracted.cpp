// Takes the exponential of a score as it stands: the sum of weights overflows float32 where scores are large.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double weigh(const Asked&, std::vector<double>& scores) const override {
    float sum = 0;
    for (double& s : scores) sum += float(s = double(std::exp(float(s))));
    return double(sum);
  }
};

}  // namespace

extern constinit const Mutant maximum_is_not_subtracted =
    like_plain_attention<Cache>({.name = "maximum_is_not_subtracted",
                                 .summary = "in_place, with weights that overflow.",
                                 .fault = "the largest score is not subtracted before exp",
                                 .source = "kvproof",
                                 .fault_class = "attention"});

}  // namespace kvproof::mutants
