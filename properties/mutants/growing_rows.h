// What mutants of storage and of accounting derive from: in_place as a value of its own, right as it stands.
#pragma once

#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {

template <class D>
class GrowingRows : public StrategyCache<D> {
 public:
  explicit GrowingRows(const Config& c)
      : StrategyCache<D>(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                         make_row_codec(row_dtype(c.params), c.geometry.dv)),
        rows_(this->key_codec(), this->value_codec(), this->streams(), Capacity::kLadder) {}

  void fit(Position n) { rows_.resize(n); }
  void commit(const Chunk& chunk) override {
    static_cast<D*>(this)->fit(chunk.end());
    put(chunk);
  }
  void segments(Stream s, Segments& out) const override {
    if (this->seen() > 0) out.push_back(rows_.segment(s, 0, this->seen(), 0));
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 protected:
  // Stores the chunk in rows that are there already.
  virtual void put(const Chunk& chunk) { rows_.put(chunk, chunk.first, chunk.first, chunk.tokens); }

  RowPair rows_;
};

}  // namespace kvproof::mutants
