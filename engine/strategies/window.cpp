// Sliding window: keep the last w tokens in a ring.
//
// Source      arXiv:2310.06825 (Mistral 7B), section 2, "Rolling Buffer Cache".
// Deviation   none: exact for models trained with that window. The window counts the query's own token.
// State       keys and values, each a ring [B*Hkv][w][D] in `dtype`; position p in slot p % w.
// Cost        append O(1), at most min(S, w) rows copied a stream; memory constant: w rows, taken at the first append.
// Threads     one writer; its own work is serial.
// Invariant   (1) held == the last min(T, w) positions.     law: visible_set_is_the_declared_one
//             (2) slot of position p is p % w.              law: a_rotated_ring_changes_no_bit
#include "engine/cache/ring.h"
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"

namespace kvproof {
namespace {

Ring ring_of(const Params& params) { return {.sinks = 0, .window = params["w"]}; }

Contract contract(const Params& params) {
  return {.visible = {.window = params["w"]},
          .fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .growth = Growth::kFixed,
          // Nothing may have been overwritten.
          .truncates = [](const Params& p, Position seen, Position) { return seen <= p["w"]; },
          .bytes =
              [](const Params& p, const Geometry& g, Position n) {
                return std::size_t(ring_of(p).used(n)) * std::size_t(g.streams()) * std::size_t(g.d + g.dv) *
                       size_of(row_dtype(p));
              }};
}

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        ring_(ring_of(c.params)),
        rows_(key_codec(), value_codec(), streams(), Capacity::kFixed, ring_.slots()) {}

  void fit(Position n) { rows_.resize(ring_.used(n)); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    ring_.runs(chunk.first, chunk.end(),
               [&](Position p, std::int64_t slot, std::int64_t n) { rows_.put(chunk, p, slot, n); });
    ring_.count_wrap(*account(), chunk.first, chunk.end());
  }
  void segments(Stream s, Segments& out) const override {
    ring_.runs(0, seen(),
               [&](Position p, std::int64_t slot, std::int64_t n) { out.push_back(rows_.segment(s, slot, n, p)); });
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 private:
  Ring ring_;
  RowPair rows_;
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(config); }

}  // namespace

extern constinit const Strategy window = {
    .name = "window",
    .summary = "Keep the last w tokens in a ring; exact for models trained with that window.",
    .source = "arXiv:2310.06825",
    .params = {{"w", 1024, 1, 1 << 24, 1, 9, "tokens"}, kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
