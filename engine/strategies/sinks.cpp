// Attention sinks: keep the first s tokens and the last w.
//
// Source      arXiv:2309.17453 (StreamingLLM), section 3.2.
// Deviation   keys keep the rotation of their true positions: here sinks are a visibility rule. The paper stores keys
//             unrotated and rotates them by their place in the cache at every step.
// State       keys and values, each [B*Hkv][s + w][D] in `dtype`; p < s in slot p, later ones in a ring behind.
// Cost        append O(1), at most min(S, s + w) rows copied a stream; memory constant, taken at the first append.
// Threads     one writer; its own work is serial.
// Invariant   (1) held == [0, s) and the last w positions.  law: visible_set_is_the_declared_one
//             (2) a sink never leaves its slot.             law: read_returns_what_was_appended
#include "engine/cache/ring.h"
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"

namespace kvproof {
namespace {

Ring ring_of(const Params& params) { return {.sinks = params["s"], .window = params["w"]}; }

Contract contract(const Params& params) {
  return {
      .visible = {.window = params["w"], .sinks = params["s"]},
      .fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
      .growth = Growth::kFixed,
      // Nothing that stays may have been overwritten.
      .truncates = [](const Params& p, Position seen, Position n) { return seen <= p["s"] + p["w"] || n <= p["s"]; },
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

extern constinit const Strategy sinks = {
    .name = "sinks",
    .summary = "Keep the first s tokens and the last w.",
    .source = "arXiv:2309.17453",
    .params = {{"s", 4, 0, 1 << 20, 0, 5, "tokens"}, {"w", 1024, 1, 1 << 24, 1, 9, "tokens"}, kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
