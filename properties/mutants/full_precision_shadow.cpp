// Keeps every row in full precision beside its codes, to have it at hand, and reports the codes.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : CodedCache(c),
        shadow_(make_row_codec(DType::kF32, c.geometry.d), make_row_codec(DType::kF32, c.geometry.dv), streams(),
                Capacity::kLadder) {}

  void fit(Position n) {
    CodedCache::fit(n);
    shadow_.resize(n);
  }
  void commit(const Chunk& chunk) override {
    CodedCache::commit(chunk);
    shadow_.resize(chunk.end());
  }

 private:
  RowPair shadow_;
};

}  // namespace

extern constinit const Mutant full_precision_shadow =
    like_kivi<Cache>({.name = "full_precision_shadow",
                      .summary = "kivi, keeping full precision as well.",
                      .fault = "a copy in full precision is kept and not reported",
                      .source = "kvproof",
                      .fault_class = "accounting"},
                     &promised_but_growth<kKivi>);

}  // namespace kvproof::mutants
