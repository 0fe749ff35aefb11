// Calibrates on the first block and keeps its scales for ever: what comes later and is larger is clipped.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    if (group.side == Side::kValues || group.first == 0) return CodedCache::quantize(group, x, codes);
    const Affine frozen = codec(group.side).affine(store(group.side).block(group.stream, 0), group.index);
    code_under(frozen, x, bits(), codes);
    return frozen;
  }
};

}  // namespace

extern constinit const Mutant scales_frozen_after_the_first_block =
    like_kivi<Cache>({.name = "scales_frozen_after_the_first_block",
                      .summary = "kivi, keeping the key scales of its first block.",
                      .fault = "the key scales of the first block serve all others",
                      .source = "atlas #1008",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
