// Control: a window that evicts lazily. Tokens are appended to a store of 2 w rows; when it is full, the last w move to
// the front. Rows that have left the window stand there for a while, are saved with the others, and are not listed. A
// law that it breaks asks for more than a contract promises: eager eviction, slots modulo w, or bytes that never fall.
#include <algorithm>

#include "engine/cache/common_caches.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

// The position in slot 0 once n tokens are seen: a multiple of w that leaves more than w and at most 2 w rows.
Position base(Position n, Position w) { return n <= 2 * w ? 0 : (n - w - 1) / w * w; }

Contract contract(const Params& params) {
  return {.visible = {.window = params["w"]},
          .fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .truncates = [](const Params& p, Position seen, Position n) { return base(n, p["w"]) == base(seen, p["w"]); },
          .bytes = [](const Params& p, const Geometry& g, Position n) { return row_bytes(p, g, n - base(n, p["w"])); }};
}

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        window_(c.params["w"]),
        rows_(key_codec(), value_codec(), streams(), Capacity::kFixed, 2 * window_) {}

  void fit(Position n) { rows_.resize(n - base(n, window_)); }
  void commit(const Chunk& chunk) override {
    const Position old_base = base(chunk.first, window_), new_base = base(chunk.end(), window_);
    if (new_base > old_base && new_base < chunk.first) rows_.move(0, new_base - old_base, chunk.first - new_base);
    if (new_base > old_base) account()->wrapped();
    fit(chunk.end());
    const Position first = std::max(chunk.first, new_base);
    rows_.put(chunk, first, first - new_base, chunk.end() - first);
  }
  void segments(Stream s, Segments& out) const override {
    const Position first = std::max<Position>(0, seen() - window_);
    if (first < seen()) out.push_back(rows_.segment(s, first - base(seen(), window_), seen() - first, first));
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 private:
  Position window_;
  RowPair rows_;
};

}  // namespace

extern constinit const Mutant lazy_window =
    like_window<Cache>({.name = "lazy_window",
                        .summary = "Keep the last w tokens; let others stand until the store is full.",
                        .fault = "none: what has left the window is dropped later, w tokens at a time",
                        .source = "kvproof",
                        .fault_class = "layout",
                        .role = Role::kControl},
                       &contract);

}  // namespace kvproof::mutants
