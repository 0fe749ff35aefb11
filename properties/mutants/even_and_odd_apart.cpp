// Control: even positions stand in one store, odd ones in another, so that no two neighbours are neighbours in memory.
// Right, slow, and unlike every strategy that is built in; a law that it breaks asks for more than a contract promises.
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        even_(key_codec(), value_codec(), streams(), Capacity::kLadder),
        odd_(key_codec(), value_codec(), streams(), Capacity::kLadder) {}

  void fit(Position n) {
    even_.resize((n + 1) / 2);
    odd_.resize(n / 2);
  }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    for (Position p = chunk.first; p < chunk.end(); ++p) (p % 2 ? odd_ : even_).put(chunk, p, p / 2, 1);
  }
  void segments(Stream s, Segments& out) const override {
    for (Position p = 0; p < seen(); ++p) out.push_back((p % 2 ? odd_ : even_).segment(s, p / 2, 1, p));
  }
  template <class A>
  void each(A& archive) {
    even_.each(archive);
    odd_.each(archive);
  }

 private:
  RowPair even_, odd_;
};

}  // namespace

extern constinit const Mutant even_and_odd_apart =
    like_in_place<Cache>({.name = "even_and_odd_apart",
                          .summary = "Keep everything, even and odd positions in stores of their own.",
                          .fault = "none: neighbours stand apart in memory",
                          .source = "kvproof",
                          .fault_class = "layout",
                          .role = Role::kControl},
                         &promised_but_growth<kInPlace>);

}  // namespace kvproof::mutants
