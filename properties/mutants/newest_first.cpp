// Control: the newest token stands in slot 0 and pushes the others back, so that slots descend where positions ascend.
// A law that it breaks takes a slot for a position.
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
        rows_(key_codec(), value_codec(), streams(), Capacity::kLadder) {}

  void fit(Position n) {
    if (n < rows_.keys.used()) rows_.move(0, rows_.keys.used() - n, n);
    rows_.resize(n);
  }
  void commit(const Chunk& chunk) override {
    rows_.resize(chunk.end());
    rows_.move(chunk.tokens, 0, chunk.first);
    for (Position p = chunk.first; p < chunk.end(); ++p) rows_.put(chunk, p, chunk.end() - 1 - p, 1);
  }
  void segments(Stream s, Segments& out) const override {
    for (Position p = 0; p < seen(); ++p) out.push_back(rows_.segment(s, seen() - 1 - p, 1, p));
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 private:
  RowPair rows_;
};

constexpr Mutant make_control() {
  Mutant control = like_in_place<Cache>({.name = "newest_first",
                                         .summary = "Keep everything, the newest token first.",
                                         .fault = "none: slots descend where positions ascend",
                                         .source = "kvproof",
                                         .fault_class = "layout",
                                         .role = Role::kControl});
  control.strategy.contract = [](const Params& p) { return find_strategy("concat")->contract(p); };
  return control;
}

}  // namespace

extern constinit const Mutant newest_first = make_control();

}  // namespace kvproof::mutants
