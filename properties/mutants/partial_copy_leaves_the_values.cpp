// Copies whole blocks of a chunk, then keys of what is left over: the values of a partial block are never written.
#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

constexpr std::int64_t kBlock = 4;

class Cache final : public GrowingRows<Cache> {
 public:
  using GrowingRows::GrowingRows;

 protected:
  void put(const Chunk& chunk) override {
    const std::int64_t whole = chunk.tokens > kBlock ? chunk.tokens / kBlock * kBlock : chunk.tokens;
    rows_.put(chunk, chunk.first, chunk.first, whole);
    for (int s = 0; s < streams(); ++s) {
      const Position rest = chunk.first + whole;
      rows_.keys.put({s}, rest, chunk.keys({s}, rest), chunk.tokens - whole);
    }
  }
};

}  // namespace

extern constinit const Mutant partial_copy_leaves_the_values =
    like_in_place<Cache>({.name = "partial_copy_leaves_the_values",
                          .summary = "in_place, copying the values of whole blocks only.",
                          .fault = "values behind the last whole block of a chunk are not copied",
                          .source = "TensorRT-LLM #8813, #4943",
                          .fault_class = "chunk"});

}  // namespace kvproof::mutants
