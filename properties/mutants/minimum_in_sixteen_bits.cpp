// Stores the minimum of a group in half precision: where elements are far from 0 and close to each other, its rounding
// is larger than half a step.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    Affine affine = CodedCache::quantize(group, x, codes);
    affine.low = f32_from_f16(f16_from_f32(affine.low));
    return affine;
  }
};

}  // namespace

extern constinit const Mutant minimum_in_sixteen_bits =
    like_kivi<Cache>({.name = "minimum_in_sixteen_bits",
                      .summary = "kivi, with its minima rounded to 16 bits.",
                      .fault = "minima are stored in 16 bits",
                      .source = "KIVI, fp16 scale and zero",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
