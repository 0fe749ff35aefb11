// Codes the rows of a block before it is full and again, with another scale, when more arrive: what was rounded once
// is rounded again, and how often depends on the chunks.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

  void commit(const Chunk& chunk) override {
    CodedCache::commit(chunk);
    for (int s = 0; s < streams() && late_.keys.used() > 1; ++s) {
      round_trip(late_.keys, {s});
      round_trip(late_.values, {s});
    }
  }

 private:
  // One scale for each channel of the rows that are there.
  void round_trip(RowStore& rows, Stream s) const {
    const int n = int(rows.used()), width = rows.codec().width();
    const GroupCodec coder({width, bits(), n, 1});
    std::vector<float> wide(std::size_t(n * width));
    std::vector<std::byte> coded(coder.block_bytes());
    rows.codec().decode(rows.block(s, 0), 0, n, wide.data());
    coder.encode_block(wide.data(), coded.data(), [&](int, std::span<const float> x, std::uint16_t* codes) {
      return quantize_group(x.data(), std::int64_t(x.size()), 1, bits(), codes);
    });
    coder.decode(coded.data(), 0, n, wide.data());
    rows.encode(s, 0, wide.data(), n);
  }
};

}  // namespace

extern constinit const Mutant partial_block_coded_again =
    like_kivi<Cache>({.name = "partial_block_coded_again",
                      .summary = "kivi, coding a block that is not full, and again when it is.",
                      .fault = "rows of a partial block are coded at every step, each time with another scale",
                      .source = "aprender #2029",
                      .fault_class = "quantization"});

}  // namespace kvproof::mutants
