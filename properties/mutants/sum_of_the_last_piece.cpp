// Attends piece by piece and divides by the sum of weights of the last one.
#include <numeric>

#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

constexpr Position kPiece = 32;

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double weigh(const Asked& a, std::vector<double>& scores) const override {
    const Position last = a.position() / kPiece * kPiece;
    exponentials(scores);
    return std::accumulate(scores.begin() + last, scores.end(), 0.);
  }
};

}  // namespace

extern constinit const Mutant sum_of_the_last_piece =
    like_plain_attention<Cache>({.name = "sum_of_the_last_piece",
                                 .summary = "in_place, keeping the sum of weights of its last piece.",
                                 .fault = "the sum of weights covers the last piece of 32 positions only",
                                 .source = "kvproof",
                                 .fault_class = "attention"});

}  // namespace kvproof::mutants
