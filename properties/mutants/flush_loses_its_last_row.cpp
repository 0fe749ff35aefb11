// A flush counts one row too few: the last row of a block is coded as the one before it.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  std::vector<float> leaving(Side side, Stream s) const override {
    std::vector<float> rows = CodedCache::leaving(side, s);
    const std::ptrdiff_t width = codec(side).width();
    if (residual_ > 1) std::copy_n(rows.end() - 2 * width, width, rows.end() - width);
    return rows;
  }
};

}  // namespace

extern constinit const Mutant flush_loses_its_last_row =
    like_kivi<Cache>({.name = "flush_loses_its_last_row",
                      .summary = "kivi, coding the last row of a block as the one before it.",
                      .fault = "the last row of every block is lost",
                      .source = "transformers #39106",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
