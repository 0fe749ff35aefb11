// A block that leaves full precision goes to the front of the coded rows, where those behind it are expected: no test
// was longer than the residual.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

  void segments(Stream s, Segments& out) const override {
    const Position edge = coded(seen());
    for (Position p = 0; p < edge; p += residual_) {
      const Position flipped = edge - residual_ - p;
      out.push_back({keys_.rows(s, flipped), values_.rows(s, flipped), residual_, p, nullptr});
    }
    if (edge < seen()) out.push_back(late_.segment(s, 0, seen() - edge, edge));
  }
};

}  // namespace

extern constinit const Mutant flush_at_the_wrong_end =
    like_kivi<Cache>({.name = "flush_at_the_wrong_end",
                      .summary = "kivi, putting a flushed block before those that are there.",
                      .fault = "flushed blocks stand in reverse order",
                      .source = "transformers #39106",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
