// Gives a whole block of keys one scale: a channel of outliers coarsens all others.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    if (group.side == Side::kValues) return CodedCache::quantize(group, x, codes);
    return quantize_among(x, group.block, bits(), codes);
  }
};

}  // namespace

extern constinit const Mutant one_scale_per_block =
    like_kivi<Cache>({.name = "one_scale_per_block",
                      .summary = "kivi, with one scale for all channels of a block of keys.",
                      .fault = "all channels of a block of keys share one scale",
                      .source = "transformers #35185",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
