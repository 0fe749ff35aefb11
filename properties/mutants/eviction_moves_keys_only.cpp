// A window whose rows stand in order of position: when some leave, the others move to the front. The keys do; the
// values stay.
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
        window_(c.params["w"]),
        rows_(key_codec(), value_codec(), streams(), Capacity::kFixed, window_) {}

  void fit(Position n) { rows_.resize(std::min(n, window_)); }
  void commit(const Chunk& chunk) override {
    const Position first = oldest(chunk.end()), leaving = first - oldest(chunk.first), stay = chunk.first - first;
    if (leaving > 0 && stay > 0) {
      for (int s = 0; s < streams(); ++s) rows_.keys.move({s}, 0, leaving, stay);
    }
    fit(chunk.end());
    const Position from = std::max(chunk.first, first);
    rows_.put(chunk, from, from - first, chunk.end() - from);
  }
  void segments(Stream s, Segments& out) const override {
    const Position first = oldest(seen());
    if (first < seen()) out.push_back(rows_.segment(s, 0, seen() - first, first));
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 private:
  Position oldest(Position seen) const { return std::max<Position>(0, seen - window_); }

  Position window_;
  RowPair rows_;
};

}  // namespace

extern constinit const Mutant eviction_moves_keys_only =
    like_window<Cache>({.name = "eviction_moves_keys_only",
                        .summary = "window, moving keys to the front and not values.",
                        .fault = "when rows leave, the keys of the others move and their values do not",
                        .source = "llama.cpp #12253",
                        .fault_class = "layout"},
                       &promised_but_growth<kWindow>);

}  // namespace kvproof::mutants
