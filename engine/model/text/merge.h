// How a text becomes tokens by merging: of all neighbours that make a token together the best are joined, again and
// again. Time grows with n log n.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <queue>
#include <vector>

namespace kvproof {

// A stretch of a text and the token that it is; id -1 where it is none.
struct Symbol {
  std::size_t begin = 0, size = 0;
  std::int64_t id = -1;
  bool whole = false;  // joins no other
};

struct Merge {
  double rank;  // the lowest first, and of equals the leftmost
  std::int64_t id;
};

// What is left of `symbols`, which lie side by side, once nothing more can be joined. pair_of(left, right) returns
// std::optional<Merge>. REQUIRES: ranks are no NaN; a stretch of the text is one token at most.
template <class PairOf>
std::vector<Symbol> merge_neighbours(std::vector<Symbol> symbols, const PairOf& pair_of) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  struct Candidate {
    Merge merge;
    std::size_t left, left_size, right_size;
    bool operator<(const Candidate& other) const {  // the greatest is on top
      return merge.rank > other.merge.rank || (merge.rank == other.merge.rank && left > other.left);
    }
  };
  std::vector<std::size_t> previous(symbols.size()), next(symbols.size());
  std::priority_queue<Candidate> queue;

  const auto consider = [&](std::size_t left) {
    const std::size_t right = left == kNone ? kNone : next[left];
    if (right == kNone || symbols[left].whole || symbols[right].whole) return;
    if (const std::optional<Merge> merge = pair_of(symbols[left], symbols[right])) {
      queue.push({*merge, left, symbols[left].size, symbols[right].size});
    }
  };

  for (std::size_t i = 0; i < symbols.size(); ++i) {
    previous[i] = i ? i - 1 : kNone;
    next[i] = i + 1 < symbols.size() ? i + 1 : kNone;
  }
  for (std::size_t i = 0; i < symbols.size(); ++i) consider(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[best.left];
    const std::size_t right = next[best.left];
    // Either may have been joined to another since; what was joined to its left has no size any more.
    if (right == kNone || left.size != best.left_size || symbols[right].size != best.right_size) continue;
    left.size += symbols[right].size;
    left.id = best.merge.id;
    symbols[right].size = 0;
    next[best.left] = next[right];
    if (next[right] != kNone) previous[next[right]] = best.left;
    consider(previous[best.left]);
    consider(best.left);
  }
  std::erase_if(symbols, [](const Symbol& symbol) { return symbol.size == 0; });
  return symbols;
}

}  // namespace kvproof
