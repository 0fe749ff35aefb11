// Converts to an integer where it should round to the nearest: errors reach a whole step.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    const Affine affine = CodedCache::quantize(group, x, codes);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (codes[i] > 0 && affine.value(codes[i]) > x[i]) --codes[i];
    }
    return affine;
  }
};

}  // namespace

extern constinit const Mutant codes_round_toward_zero =
    like_kivi<Cache>({.name = "codes_round_toward_zero",
                      .summary = "kivi, cutting codes off instead of rounding them.",
                      .fault = "codes are cut off, not rounded",
                      .source = "kvproof",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
