// Scales stay at the zeros they were allocated with: every element comes back as the minimum of its group.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    Affine affine = CodedCache::quantize(group, x, codes);
    affine.scale = 0;
    return affine;
  }
};

}  // namespace

extern constinit const Mutant all_scales_are_zero =
    like_kivi<Cache>({.name = "all_scales_are_zero",
                      .summary = "kivi, with scales that nobody filled in.",
                      .fault = "every scale is 0",
                      .source = "llm-compressor #2117",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
