// What mutants of a ring derive from: `window` as it is right, its stores and its ring within reach.
#pragma once

#include "engine/cache/ring.h"
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {

template <class D>
class RingRows : public StrategyCache<D> {
 public:
  explicit RingRows(const Config& c)
      : StrategyCache<D>(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                         make_row_codec(row_dtype(c.params), c.geometry.dv)),
        ring_{.sinks = 0, .window = c.params["w"]},
        rows_(this->key_codec(), this->value_codec(), this->streams(), Capacity::kFixed, ring_.slots()) {}

  void fit(Position n) { rows_.resize(ring_.used(n)); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    ring_.runs(chunk.first, chunk.end(),
               [&](Position p, std::int64_t slot, std::int64_t n) { rows_.put(chunk, p, slot, n); });
    ring_.count_wrap(*this->account(), chunk.first, chunk.end());
  }
  void segments(Stream s, Segments& out) const override {
    ring_.runs(0, this->seen(),
               [&](Position p, std::int64_t slot, std::int64_t n) { out.push_back(rows_.segment(s, slot, n, p)); });
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 protected:
  Ring ring_;
  RowPair rows_;
};

}  // namespace kvproof::mutants
