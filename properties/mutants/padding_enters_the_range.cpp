// The range of a group is taken over its rows and over padding that nobody wrote: zeros enter minimum and maximum.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    const float padding = 0;
    return quantize_among(x, {&padding, group.side == Side::kKeys ? 1u : 0u}, bits(), codes);
  }
};

}  // namespace

extern constinit const Mutant padding_enters_the_range =
    like_kivi<Cache>({.name = "padding_enters_the_range",
                      .summary = "kivi, ranging over rows of padding too.",
                      .fault = "zeros of padding enter the minimum and maximum of a group",
                      .source = "KIVI #18, imp #91",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
