// What policies share that keep a fixed number of rows by a score: slots, eviction, and the tables that go with them.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "engine/base/parallel.h"
#include "engine/cache/segmented_cache.h"
#include "engine/cache/table.h"
#include "engine/codec/row_codecs.h"

namespace kvproof {

// A row that may stay: stored, or one of the chunk.
struct ScoredRow {
  static constexpr std::int64_t kNew = -1;

  Position position;
  float score;        // finite; 0 for a new row
  std::int64_t slot;  // where it stands, or kNew
};

// Of every stream the contract's `budget` rows, chosen after each step: the `protected_last` newest, and of the others
// those with the largest score. A new row takes the slot of one that was evicted, so that a decode step moves one row.
//   never full     position p stands in slot p and is listed as one plain run: the bits of a growing cache
//   since full     one segment that lists its positions, in the order of the slots
// D writes `score`, and `queries_weighed` if it heeds attention; it may override the other choices as well. All are
// const, are called from several threads, and depend on nothing but their arguments: so the choice depends neither on
// threads nor on other streams.
template <class D>
class EvictingCache : public StrategyCache<D> {
 public:
  explicit EvictingCache(const Config& c)
      : StrategyCache<D>(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                         make_row_codec(row_dtype(c.params), c.geometry.dv)),
        rows_(this->key_codec(), this->value_codec(), this->streams(), Capacity::kFixed, budget()),
        positions_(this->streams(), budget()),
        scores_(this->streams(), budget()) {}

  // The score of a row after a step in which it received `weight` (0 where no weights are asked for).
  virtual float score(Stream s, const ScoredRow& row, float weight) const = 0;
  // Whether a row may not be evicted once `end` tokens are seen. REQUIRES: of at most budget() rows.
  virtual bool is_protected(Position p, Position end) const {
    return p >= end - this->contract().visible.protected_last;
  }
  // Which of two rows is evicted first: the smaller score; of equals the later one. A strict total order.
  virtual bool leaves_before(const ScoredRow& a, const ScoredRow& b) const {
    return a.score != b.score ? a.score < b.score : a.position > b.position;
  }

  void fit(Position n) {
    const std::int64_t rows = std::min<Position>(n, budget());
    rows_.resize(rows);
    positions_.resize(rows);
    scores_.resize(rows);
  }

  void commit(const Chunk& chunk) override {
    const std::int64_t before = positions_.used();
    fit(chunk.end());
    const auto take_streams = [&](std::int64_t begin, std::int64_t end) {
      for (int s = int(begin); s < end; ++s) take({s}, chunk, before);
    };
    if ((before + chunk.tokens) * this->streams() < kSerialRows) {
      take_streams(0, this->streams());
    } else {
      parallel_for(this->streams(), 1, take_streams);
    }
  }

  void segments(Stream s, Segments& out) const override {
    const std::int64_t used = positions_.used();
    if (used == 0) return;
    out.push_back(rows_.segment(s, 0, used, 0));
    if (this->seen() > budget()) out.back().positions = positions_.of(s).data();
  }

  template <class A>
  void each(A& archive) {
    rows_.each(archive);
    positions_.each(archive);
    scores_.each(archive);
  }

  // Of loaded tables: positions are those of a plain run until the budget is passed; then distinct, below seen() and
  // with the protected ones among them. Scores are finite.
  bool valid() const override {
    std::vector<Position> sorted;
    for (int s = 0; s < this->streams(); ++s) {
      const std::span<const Position> stored = positions_.of({s});
      sorted.assign(stored.begin(), stored.end());
      if (this->seen() > budget()) std::sort(sorted.begin(), sorted.end());
      const bool rising = std::adjacent_find(sorted.begin(), sorted.end(), std::greater_equal<>()) == sorted.end();
      if (!rising || (!sorted.empty() && (sorted.front() < 0 || sorted.back() >= this->seen()))) return false;
      const auto newest = std::min<Position>(this->seen(), this->contract().visible.protected_last);
      if (newest > 0 && sorted[sorted.size() - std::size_t(newest)] != this->seen() - newest) return false;
      const std::span<const float> scores = scores_.of({s});
      if (!std::all_of(scores.begin(), scores.end(), [](float x) { return std::isfinite(x); })) return false;
    }
    return true;
  }

 protected:
  std::int64_t budget() const { return this->contract().visible.budget; }

  RowPair rows_;
  Table<Position> positions_;  // of the row in each slot
  Table<float> scores_;

 private:
  static constexpr std::int64_t kSerialRows = std::int64_t(1) << 13;  // below this, the choice stays on this thread
  static constexpr Position kEvicted = -1;

  struct Scratch {
    std::vector<ScoredRow> rows;          // stored ones by slot, then those of the chunk
    std::vector<std::size_t> candidates;  // which of them may be evicted
    std::vector<std::int64_t> slots;      // free ones, ascending
    std::vector<ScoredRow> arrivals;      // what goes there
  };

  const D& self() const { return static_cast<const D&>(*this); }

  // The step of one stream, of which `before` rows were stored.
  void take(Stream s, const Chunk& chunk, std::int64_t before) {
    thread_local Scratch scratch;
    score_rows(s, chunk, before, scratch.rows);
    evict(chunk.end(), scratch);
    place(s, chunk, before, scratch);
  }

  void score_rows(Stream s, const Chunk& chunk, std::int64_t before, std::vector<ScoredRow>& rows) const {
    const std::span<const Position> positions = positions_.of(s);
    const std::span<const float> scores = scores_.of(s), weights = chunk.weights(s);
    rows.clear();
    for (std::size_t i = 0; i < std::size_t(before); ++i) rows.push_back({positions[i], scores[i], std::int64_t(i)});
    for (Position p = chunk.first; p < chunk.end(); ++p) rows.push_back({p, 0, ScoredRow::kNew});
    for (std::size_t i = 0; i < rows.size(); ++i)
      rows[i].score = self().score(s, rows[i], weights.empty() ? 0 : weights[i]);
  }

  // Marks what exceeds the budget.
  void evict(Position end, Scratch& scratch) const {
    std::vector<ScoredRow>& rows = scratch.rows;
    const std::int64_t evicted = std::int64_t(rows.size()) - budget();
    if (evicted <= 0) return;
    std::vector<std::size_t>& all = scratch.candidates;
    all.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!self().is_protected(rows[i].position, end)) all.push_back(i);
    }
    KVPROOF_CHECK(std::int64_t(all.size()) >= evicted);
    std::nth_element(all.begin(), all.begin() + (evicted - 1), all.end(),
                     [&](std::size_t a, std::size_t b) { return self().leaves_before(rows[a], rows[b]); });
    for (std::int64_t i = 0; i < evicted; ++i) rows[all[std::size_t(i)]].position = kEvicted;
  }

  // Stores the scores, and the rows that arrive, ascending, in the free slots, ascending.
  void place(Stream s, const Chunk& chunk, std::int64_t before, Scratch& scratch) {
    const std::span<Position> positions = positions_.of(s);
    const std::span<float> scores = scores_.of(s);
    std::vector<std::int64_t>& slots = scratch.slots;
    std::vector<ScoredRow>& arrivals = scratch.arrivals;
    slots.clear();
    arrivals.clear();
    for (const ScoredRow& row : scratch.rows) {
      const bool stays = row.position != kEvicted;
      if (row.slot == ScoredRow::kNew) {
        if (stays) arrivals.push_back(row);
      } else if (stays) {
        scores[std::size_t(row.slot)] = row.score;
      } else {
        slots.push_back(row.slot);
      }
    }
    for (std::int64_t slot = before; slot < positions_.used(); ++slot) slots.push_back(slot);
    KVPROOF_CHECK(slots.size() == arrivals.size());
    for (std::size_t i = 0; i < slots.size(); ++i) {
      positions[std::size_t(slots[i])] = arrivals[i].position;
      scores[std::size_t(slots[i])] = arrivals[i].score;
    }
    copy_rows_of(s, chunk, arrivals, slots);
  }

  // rows[i] of the chunk go to slots[i], run by run.
  void copy_rows_of(Stream s, const Chunk& chunk, std::span<const ScoredRow> rows,
                    std::span<const std::int64_t> slots) {
    for (std::size_t i = 0, n; i < rows.size(); i += n) {
      const auto follows = [&](std::size_t k) {
        return rows[i + k].position == rows[i].position + Position(k) && slots[i + k] == slots[i] + std::int64_t(k);
      };
      for (n = 1; i + n < rows.size() && follows(n);) ++n;
      rows_.put(s, chunk, rows[i].position, slots[i], std::int64_t(n));
    }
  }
};

// The formula of all: `budget` rows a stream in the parameter dtype, each with a position and a score.
inline std::size_t evicting_bytes(const Params& params, const Geometry& g, Position seen) {
  const VisibleRule visible = params.strategy().contract(params).visible;
  const std::size_t row = std::size_t(g.d + g.dv) * size_of(row_dtype(params)) + sizeof(Position) + sizeof(float);
  return std::size_t(std::min(seen, visible.budget)) * std::size_t(g.streams()) * row;
}

}  // namespace kvproof
