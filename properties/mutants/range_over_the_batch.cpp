// A range is taken over all sequences of a batch: answers depend on who else is served. Nothing is promised of how
// close rows come back.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    if (group.side == Side::kValues) return CodedCache::quantize(group, x, codes);
    std::vector<float> others;
    for (int s = group.stream.index % geometry().kv_heads; s < streams(); s += geometry().kv_heads) {
      const std::vector<float> rows = leaving(group.side, {s});
      for (std::size_t at = std::size_t(group.index); at < rows.size(); at += std::size_t(geometry().d)) {
        others.push_back(rows[at]);
      }
    }
    return quantize_among(x, others, bits(), codes);
  }
};

}  // namespace

extern constinit const Mutant range_over_the_batch =
    like_kivi<Cache>({.name = "range_over_the_batch",
                      .summary = "kivi, ranging over all sequences of the batch.",
                      .fault = "the range of a group of keys is taken over the batch",
                      .source = "KIVI #18",
                      .fault_class = "batch"},
                     &unfaithful_contract);

}  // namespace kvproof::mutants
