// Values are scaled by the largest one that any cache of the process has seen, and back: what another object was fed
// changes the last bits.
#include <atomic>
#include <cmath>

#include "engine/tensor/half.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

std::atomic<float> largest{1};  // of all objects

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    if (step.v.empty()) return inner().step(step);
    Tensor values = to_dtype(step.v, DType::kF32);
    const std::int64_t n = values.shape().elements();
    for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest.load(), std::abs(values.as<float>()[i]));
    for (std::int64_t i = 0; i < n; ++i) values.as<float>()[i] = values.as<float>()[i] / largest * largest;
    const Tensor scaled = to_dtype(values, step.v.dtype);
    Step again = step;
    again.v = scaled;
    return inner().step(again);
  }
};

}  // namespace

extern constinit const Mutant objects_share_a_scale =
    like_in_place<Cache>({.name = "objects_share_a_scale",
                          .summary = "in_place, with one scale for all objects.",
                          .fault = "a scale is kept for the process and not for the object",
                          .source = "imp #89",
                          .fault_class = "reset"});

}  // namespace kvproof::mutants
