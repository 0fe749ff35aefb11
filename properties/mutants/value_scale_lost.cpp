// The scale of the values is lost on its way to the reader, who takes 1.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    Affine affine = CodedCache::quantize(group, x, codes);
    if (group.side == Side::kValues) affine.scale = 1;
    return affine;
  }
};

}  // namespace

extern constinit const Mutant value_scale_lost =
    like_kivi<Cache>({.name = "value_scale_lost",
                      .summary = "kivi, with a scale of 1 for every value.",
                      .fault = "values are read with a scale of 1",
                      .source = "flashinfer #1416",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
