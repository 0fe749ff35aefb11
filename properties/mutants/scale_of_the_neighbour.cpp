// Steps from scale to scale with the stride of something else, and takes the scale of the next channel.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    Affine affine = CodedCache::quantize(group, x, codes);
    if (group.side == Side::kValues) return affine;
    const int neighbour = (group.index + 1) % codec(group.side).grid().groups();
    std::vector<std::uint16_t> unused(x.size());
    const std::vector<float> others = codec(group.side).elements(group.block.data(), neighbour);
    affine.scale = CodedCache::quantize(group, others, unused.data()).scale;
    return affine;
  }
};

}  // namespace

extern constinit const Mutant scale_of_the_neighbour =
    like_kivi<Cache>({.name = "scale_of_the_neighbour",
                      .summary = "kivi, reading the scale of the next channel.",
                      .fault = "a channel of keys reads the scale of the next one",
                      .source = "vLLM #49716",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
