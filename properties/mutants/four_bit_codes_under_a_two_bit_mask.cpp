// Takes two bits of a code of four: the mask of another codec, spelled out.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    const Affine affine = CodedCache::quantize(group, x, codes);
    for (std::size_t i = 0; i < x.size() && bits() == 4; ++i) codes[i] &= 3;
    return affine;
  }
};

}  // namespace

extern constinit const Mutant four_bit_codes_under_a_two_bit_mask =
    like_kivi<Cache>({.name = "four_bit_codes_under_a_two_bit_mask",
                      .summary = "kivi, masking 4-bit codes with 3.",
                      .fault = "4-bit codes are masked with 3 instead of 15",
                      .source = "vLLM #38479",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
