// Pads the scores of a query to a multiple of eight with zeros where it should hide them: they take their share of the
// weights.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double weigh(const Asked&, std::vector<double>& scores) const override {
    const std::size_t rows = scores.size();
    scores.resize((rows + 7) / 8 * 8, 0);
    const double sum = exponentials(scores);
    scores.resize(rows);
    return sum;
  }
};

}  // namespace

extern constinit const Mutant padding_enters_the_softmax =
    like_plain_attention<Cache>({.name = "padding_enters_the_softmax",
                                 .summary = "in_place, with scores of padding in its sums.",
                                 .fault = "the scores of padding, zeros, enter the softmax",
                                 .source = "flashinfer #3717",
                                 .fault_class = "attention"});

}  // namespace kvproof::mutants
