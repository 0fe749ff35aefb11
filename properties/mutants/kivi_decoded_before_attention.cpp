// Control: kivi in plain loops, with rows decoded before they are attended, as mutants of quantization have it before
// their fault. Right; a law that it breaks takes the bytes or the bits of one implementation for the truth.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;
};

}  // namespace

extern constinit const Mutant kivi_decoded_before_attention =
    like_kivi<Cache>({.name = "kivi_decoded_before_attention",
                      .summary = "kivi, attending rows that are decoded first.",
                      .fault = "none: scales stand elsewhere in a block, and attention reads decoded rows",
                      .source = "kvproof",
                      .fault_class = "quantization",
                      .role = Role::kControl});

}  // namespace kvproof::mutants
