// Attends the past and the chunk apart, each to weights that sum to 1, and merges the two by their largest scores: the
// logarithm of the sum is missing from what they are weighed by.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double weigh(const Asked& a, std::vector<double>& scores) const override {
    const std::span past = std::span(scores).first(std::size_t(a.first)), own = std::span(scores).subspan(past.size());
    if (a.queries() == 1 || past.empty()) return exponentials(scores);
    const double top_past = *std::max_element(past.begin(), past.end());
    const double top_own = *std::max_element(own.begin(), own.end());
    if (top_past == kHidden || top_own == kHidden) return exponentials(scores);
    const double sum_past = exponentials(past), sum_own = exponentials(own), own_to_past = std::exp(top_own - top_past);
    for (double& w : past) w /= sum_past;
    for (double& w : own) w *= own_to_past / sum_own;
    return 1 + own_to_past;
  }
};

}  // namespace

extern constinit const Mutant chunk_merged_without_its_sums =
    like_plain_attention<Cache>({.name = "chunk_merged_without_its_sums",
                                 .summary = "in_place, merging a chunk with its past by maxima alone.",
                                 .fault = "past and chunk are merged without their sums of weights",
                                 .source = "vLLM #26042",
                                 .fault_class = "chunk"});

}  // namespace kvproof::mutants
