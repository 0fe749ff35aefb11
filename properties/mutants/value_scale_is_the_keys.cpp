// Where no scale of the values is found, that of the keys is taken.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    Affine affine = CodedCache::quantize(group, x, codes);
    if (group.side == Side::kKeys && group.index == 0) key_scale_ = affine.scale;
    if (group.side == Side::kValues) affine.scale = key_scale_;
    return affine;
  }

 private:
  float key_scale_ = 1;  // of the stream that is being coded: its keys are coded before its values
};

}  // namespace

extern constinit const Mutant value_scale_is_the_keys =
    like_kivi<Cache>({.name = "value_scale_is_the_keys",
                      .summary = "kivi, reading values with a scale of the keys.",
                      .fault = "values are read with the scale of the first key channel",
                      .source = "sglang #26852",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
