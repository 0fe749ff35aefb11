// Rows were not made wider for the scales in front of them: the codes begin four bytes early, over the last minimum.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    Affine affine = CodedCache::quantize(group, x, codes);
    if (group.index + 1 < codec(group.side).grid().groups()) return affine;
    std::byte bytes[sizeof affine.low] = {};
    for (std::size_t i = 0; i < sizeof bytes && i < x.size(); ++i) bytes[i] = std::byte(codes[i]);
    std::memcpy(&affine.low, bytes, sizeof bytes);
    return affine;
  }
};

}  // namespace

extern constinit const Mutant codes_overlap_the_scales =
    like_kivi<Cache>({.name = "codes_overlap_the_scales",
                      .summary = "kivi, with codes that begin four bytes early.",
                      .fault = "codes overwrite the last minimum of a block",
                      .source = "kvcached #424",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
