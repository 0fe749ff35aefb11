// Cuts its sums of weights into as many parts as there are threads: float32 sums round in another place for each
// number.
#include "engine/base/parallel.h"
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  double weigh(const Asked&, std::vector<double>& scores) const override {
    exponentials(scores);
    const std::size_t threads = std::size_t(thread_limit()), part = (scores.size() + threads - 1) / threads;
    float sum = 0;
    for (std::size_t begin = 0; begin < scores.size(); begin += part) {
      float of_part = 0;
      for (std::size_t p = begin; p < std::min(begin + part, scores.size()); ++p) of_part += float(scores[p]);
      sum += of_part;
    }
    return double(sum);
  }
};

}  // namespace

extern constinit const Mutant sum_follows_the_threads =
    like_plain_attention<Cache>({.name = "sum_follows_the_threads",
                                 .summary = "in_place, with a sum for every thread.",
                                 .fault = "the order of sums follows the number of threads",
                                 .source = "kvproof",
                                 .fault_class = "attention"});

}  // namespace kvproof::mutants
