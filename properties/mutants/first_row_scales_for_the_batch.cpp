// The scales of batch row 0 serve the whole batch. Nothing is promised of how close rows come back: what another
// sequence holds must change nothing all the same.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  void flush(Position first) override {
    CodedCache::flush(first);
    for (int s = geometry().kv_heads; s < streams(); ++s) {
      for (Position p = first; p < first + residual_; p += keys_.codec().block()) {
        const std::int64_t block = p / keys_.codec().block();
        std::memcpy(keys_.block({s}, block), keys_.block({s % geometry().kv_heads}, block),
                    keys_.codec().metadata_bytes());
      }
    }
  }
};

}  // namespace

extern constinit const Mutant first_row_scales_for_the_batch =
    like_kivi<Cache>({.name = "first_row_scales_for_the_batch",
                      .summary = "kivi, with the scales of batch row 0 for the whole batch.",
                      .fault = "every batch row is read with the scales of row 0",
                      .source = "PaddleNLP #6672",
                      .fault_class = "batch"},
                     &unfaithful_contract);

}  // namespace kvproof::mutants
