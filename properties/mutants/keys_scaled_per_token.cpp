// Codes keys as values are coded, each by itself: a channel of outliers coarsens the rest of every key.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

Contract contract(const Params& params) {
  Contract result = promised<kKivi>(params);
  result.bytes = [](const Params& p, const Geometry& g, Position n) {
    const std::size_t coded = std::size_t(n - n % p["residual"]), late = std::size_t(n) - coded;
    std::size_t row = 0;
    for (const int width : {g.d, g.dv}) row += GroupCodec(per_token({g, p, ""}, width)).block_bytes();
    return std::size_t(g.streams()) * (coded * row + late * std::size_t(g.d + g.dv) * size_of(row_dtype(p)));
  };
  return result;
}

class Cache final : public CodedCache<Cache> {
 public:
  explicit Cache(const Config& c) : CodedCache(c, per_token(c, c.geometry.d), per_token(c, c.geometry.dv)) {}
};

}  // namespace

extern constinit const Mutant keys_scaled_per_token =
    like_kivi<Cache>({.name = "keys_scaled_per_token",
                      .summary = "kivi, with a scale for each key instead of each channel.",
                      .fault = "keys are coded per token, not per channel",
                      .source = "transformers #34848",
                      .fault_class = "quantization"},
                     &contract);

}  // namespace kvproof::mutants
