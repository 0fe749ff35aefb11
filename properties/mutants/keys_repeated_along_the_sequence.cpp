// Makes KV heads as many as query heads by repeating each row G times in its place along the sequence, and cuts what
// comes out into heads.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  Position row(const Asked& a, Position p) const override { return (a.head % g().group() * a.rows + p) / g().group(); }
};

}  // namespace

extern constinit const Mutant keys_repeated_along_the_sequence =
    like_plain_attention<Cache>({.name = "keys_repeated_along_the_sequence",
                                 .summary = "in_place, repeating rows along the wrong axis.",
                                 .fault = "rows are repeated along the sequence, not along the heads",
                                 .source = "prime-rl #2681",
                                 .fault_class = "heads"});

}  // namespace kvproof::mutants
