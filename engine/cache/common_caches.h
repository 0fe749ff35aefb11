// Two layouts that several strategies share: rows that grow at the end, and rows in a ring.
#pragma once

#include "engine/cache/ring.h"
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"

namespace kvproof {

// Everything that was appended, position p in row p, rounded to the contract's dtype. For contracts that see all.
template <Capacity kCapacity>
class GrowingCache final : public StrategyCache<GrowingCache<kCapacity>> {
  using Base = StrategyCache<GrowingCache<kCapacity>>;

 public:
  explicit GrowingCache(const Config& c)
      : Base(c, make_row_codec(row_dtype(c.params), c.geometry.d), make_row_codec(row_dtype(c.params), c.geometry.dv)),
        rows_(this->key_codec(), this->value_codec(), this->streams(), kCapacity) {}

  void fit(Position n) { rows_.resize(n); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    rows_.put(chunk, chunk.first, chunk.first, chunk.tokens);
  }
  void segments(Stream s, Segments& out) const override {
    if (this->seen() > 0) out.push_back(rows_.segment(s, 0, this->seen(), 0));
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 private:
  RowPair rows_;
};

// What the contract's visible rule shows and nothing else: the first `sinks` tokens and a ring of the last `window`,
// rounded to the contract's dtype.
class RingCache final : public StrategyCache<RingCache> {
 public:
  explicit RingCache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        ring_{.sinks = contract().visible.sinks, .window = contract().visible.window},
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

// The formula of both: `rows` rows a stream in the parameter dtype.
inline std::size_t row_bytes(const Params& params, const Geometry& g, std::int64_t rows) {
  return std::size_t(rows) * std::size_t(g.streams()) * std::size_t(g.d + g.dv) * size_of(row_dtype(params));
}

}  // namespace kvproof
