// Reads a view of the first rows of each stream as if it were packed: beyond the first stream, rows of another one
// come back. What is stored is right.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

  void segments(Stream s, Segments& out) const override {
    CodedCache::segments(s, out);
    if (coded(seen()) == 0) return;
    const std::int64_t packed = s.index * coded(seen());
    out.front().keys = keys_.rows({0}, packed);
    out.front().values = values_.rows({0}, packed);
  }
};

}  // namespace

extern constinit const Mutant strides_as_if_full =
    like_kivi<Cache>({.name = "strides_as_if_full",
                      .summary = "kivi, stepping over streams as if its stores were full.",
                      .fault = "streams are read with the stride of what is used, not of the capacity",
                      .source = "Rapid-MLX #2234",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
