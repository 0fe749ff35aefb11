// Attends piece by piece and divides by the sum of weights of the last one.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

constexpr std::size_t kPiece = 32;

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  void weigh(const Asked& a, std::vector<double>& scores) const override {
    const std::size_t last = std::size_t(a.position()) / kPiece * kPiece;
    softmax(scores);
    double sum = 0;
    for (std::size_t p = last; p < scores.size(); ++p) sum += scores[p];
    for (double& w : scores) w /= sum > 0 ? sum : 1;
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
