// What a query may see, as a rule on positions.
#pragma once

#include "engine/base/units.h"

namespace kvproof {

// All: the default. Last W, the query's own token included: {.window = W}. First s and last W: {.window = W, .sinks =
// s}. Policy: whatever the cache held before the step, and the chunk up to the query itself.
struct VisibleRule {
  static constexpr Position kAll = kMaxPosition;

  Position window = kAll;
  Position sinks = 0;
  enum class Kind { kPositions, kPolicy } kind = Kind::kPositions;
  Position budget = kAll;       // kPolicy: at most this many rows are held after a step
  Position protected_last = 0;  // kPolicy: the last of them that are never evicted

  bool is_all() const { return kind == Kind::kPositions && window >= kAll; }
  // Whether the query at position `query` sees position `key` under causality.
  bool sees(Position query, Position key) const {
    return key <= query && (kind == Kind::kPolicy || key < sinks || key > query - window);
  }
};

}  // namespace kvproof
