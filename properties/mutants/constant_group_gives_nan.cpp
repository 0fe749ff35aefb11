// Divides by the range of a group, which is 0 where all elements are equal.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    Affine affine = CodedCache::quantize(group, x, codes);
    affine.scale *= affine.scale / affine.scale;
    return affine;
  }
};

}  // namespace

extern constinit const Mutant constant_group_gives_nan =
    like_kivi<Cache>({.name = "constant_group_gives_nan",
                      .summary = "kivi, dividing by the range of a group, whatever it is.",
                      .fault = "a group of equal elements comes back as NaN",
                      .source = "openvino #28326, hqq #159",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
