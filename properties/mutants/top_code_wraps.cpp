// The largest code does not fit the signed byte that it passes through: the maximum of a group comes back as its
// minimum.
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
      if (codes[i] == (1 << bits()) - 1) codes[i] = 0;
    }
    return affine;
  }
};

}  // namespace

extern constinit const Mutant top_code_wraps =
    like_kivi<Cache>({.name = "top_code_wraps",
                      .summary = "kivi, with a largest code that wraps around.",
                      .fault = "the largest code wraps around to the smallest",
                      .source = "kvproof",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
