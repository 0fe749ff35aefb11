// A ring that takes a whole chunk before it evicts, and grows where that has no room. The rows are copied as they
// stand: where the ring has wrapped, its newest rows should have moved behind the others.
#include "engine/base/account.h"
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
        rows_(empty_ring()) {}

  // Asked only where nothing has been evicted, or of a fresh cache.
  void fit(Position n) {
    grow(std::min(n, window_));
    rows_.resize(std::min(n, window_));
  }
  void commit(const Chunk& chunk) override {
    grow(chunk.end() - oldest(chunk.first));
    rows_.resize(slots_);
    for (Position p = chunk.first; p < chunk.end(); ++p) rows_.put(chunk, p, slot(p, chunk.first), 1);
    head_ = slot(oldest(chunk.end()), chunk.first);
  }
  void segments(Stream s, Segments& out) const override {
    for (Position p = oldest(seen()); p < seen(); ++p) out.push_back(rows_.segment(s, slot(p, seen()), 1, p));
  }
  template <class A>
  void each(A& archive) {
    straighten();
    rows_.each(archive);
  }

 private:
  Position oldest(Position seen) const { return std::max<Position>(0, seen - window_); }
  std::int64_t slot(Position p, Position seen) const { return (head_ + p - oldest(seen)) % slots_; }
  RowPair empty_ring() const { return {key_codec(), value_codec(), streams(), Capacity::kFixed, slots_}; }

  void copy(RowPair& to, std::int64_t slot, std::int64_t from, std::int64_t n) const {
    for (int s = 0; s < streams() && n > 0; ++s) {
      to.keys.put({s}, slot, rows_.keys.rows({s}, from), n);
      to.values.put({s}, slot, rows_.values.rows({s}, from), n);
    }
  }
  void grow(std::int64_t rows) {
    if (rows <= slots_) return;
    const AccountScope scope(account());
    const std::int64_t used = rows_.keys.used();
    slots_ = rows;
    RowPair larger = empty_ring();
    larger.resize(used);
    copy(larger, 0, 0, used);
    rows_ = std::move(larger);
  }
  // Puts the oldest row into slot 0.
  void straighten() {
    if (head_ != 0) {
      const AccountScope scope(account());
      RowPair straight = empty_ring();
      straight.resize(slots_);
      for (Position p = oldest(seen()); p < seen(); ++p) copy(straight, p - oldest(seen()), slot(p, seen()), 1);
      rows_ = std::move(straight);
      head_ = 0;
    }
    rows_.resize(std::min(seen(), window_));
  }

  Position window_;
  std::int64_t slots_ = 1, head_ = 0;  // head_: the slot of the oldest row
  RowPair rows_;
};

}  // namespace

extern constinit const Mutant grown_ring_is_copied_straight =
    like_window<Cache>({.name = "grown_ring_is_copied_straight",
                        .summary = "window, in a ring that grows with its chunks.",
                        .fault = "a ring that has wrapped grows without being put in order",
                        .source = "colibri #830",
                        .fault_class = "ring"},
                       &promised_but_growth<kWindow>);

}  // namespace kvproof::mutants
