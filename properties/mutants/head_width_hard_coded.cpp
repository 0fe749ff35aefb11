// Written for one head width and run with a larger one: scores leave out the channels beyond.
#include <algorithm>

#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

constexpr std::size_t kWidth = 16;

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    if (step.q.empty()) return inner().step(step);
    Tensor q(step.q);
    const std::size_t element = size_of(step.q.dtype), row = std::size_t(geometry().d) * element;
    for (std::size_t at = 0; at < step.q.size_bytes() && row > kWidth * element; at += row) {
      std::fill_n(q.view().data + at + kWidth * element, row - kWidth * element, std::byte(0));
    }
    Step narrow = step;
    narrow.q = q;
    return inner().step(narrow);
  }
};

}  // namespace

extern constinit const Mutant head_width_hard_coded =
    like_in_place<Cache>({.name = "head_width_hard_coded",
                          .summary = "in_place, for heads of at most 16 channels.",
                          .fault = "scores take the first 16 channels only",
                          .source = "sparkinfer #330, #425",
                          .fault_class = "heads"});

}  // namespace kvproof::mutants
