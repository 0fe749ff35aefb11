// A chunk attends itself and nothing that came before it: right for the first chunk and for single tokens.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  bool sees(const Asked& a, Position p) const override {
    return PlainAttention::sees(a, p) && (a.queries() == 1 || p >= a.first);
  }
};

}  // namespace

extern constinit const Mutant chunk_ignores_the_past =
    like_plain_attention<Cache>({.name = "chunk_ignores_the_past",
                                 .summary = "in_place, with chunks that see themselves alone.",
                                 .fault = "a chunk of several tokens does not see what came before it",
                                 .source = "imp #117",
                                 .fault_class = "chunk"});

}  // namespace kvproof::mutants
