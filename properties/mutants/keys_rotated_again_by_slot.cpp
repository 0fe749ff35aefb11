// Keys arrive rotated by their positions and are rotated once more, by the slot that they go to.
#include <cmath>

#include "engine/tensor/half.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  explicit Cache(const Config& config) : ForwardingCache(make_honest("window", config)), window_(config.params["w"]) {}

  OpStatus step(const Step& step) override {
    if (step.k.empty() || geometry().d < 2) return inner().step(step);
    Tensor keys = to_dtype(step.k, DType::kF32);
    const Shape& shape = keys.shape();
    float* key = keys.as<float>();
    for (std::int64_t row = 0; row < shape[0] * shape[1] * shape[2]; ++row, key += shape[3]) {
      const double angle = double((seen_tokens() + row % shape[2]) % window_), x = key[0], y = key[1];
      key[0] = float(x * std::cos(angle) - y * std::sin(angle));
      key[1] = float(x * std::sin(angle) + y * std::cos(angle));
    }
    const Tensor rotated = to_dtype(keys, step.k.dtype);
    Step again = step;
    again.k = rotated;
    return inner().step(again);
  }
  std::unique_ptr<KvCache> fork() const override {
    auto child = std::make_unique<Cache>(inner().fork());
    child->window_ = window_;
    return child;
  }

 private:
  Position window_ = 1;
};

}  // namespace

extern constinit const Mutant keys_rotated_again_by_slot =
    like_window<Cache>({.name = "keys_rotated_again_by_slot",
                        .summary = "window, rotating keys once more by their slots.",
                        .fault = "keys that are rotated already are rotated by their slots",
                        .source = "transformers #35350",
                        .fault_class = "eviction"});

}  // namespace kvproof::mutants
