// Throws what nobody catches after the keys of a long chunk are stored and before its values are.
#include <stdexcept>

#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

constexpr std::int64_t kMost = 16;  // tokens of a chunk

class Cache final : public GrowingRows<Cache> {
 public:
  using GrowingRows::GrowingRows;

 protected:
  void put(const Chunk& chunk) override {
    for (int s = 0; s < streams(); ++s) rows_.keys.put({s}, chunk.first, chunk.keys({s}, chunk.first), chunk.tokens);
    if (chunk.tokens > kMost) throw std::logic_error("values of a chunk do not fit");
    for (int s = 0; s < streams(); ++s) {
      rows_.values.put({s}, chunk.first, chunk.values({s}, chunk.first), chunk.tokens);
    }
  }
};

}  // namespace

extern constinit const Mutant throws_in_the_middle_of_a_commit =
    like_in_place<Cache>({.name = "throws_in_the_middle_of_a_commit",
                          .summary = "in_place, throwing between keys and values.",
                          .fault = "a chunk of more than 16 tokens throws between keys and values",
                          .source = "kvpress #244",
                          .fault_class = "crash"});

}  // namespace kvproof::mutants
