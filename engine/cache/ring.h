// Where the last `window` tokens behind the first `sinks` stand: position p in slot sinks + (p - sinks) % window.
#pragma once

#include <algorithm>

#include "engine/base/account.h"
#include "engine/base/units.h"

namespace kvproof {

struct Ring {
  Position sinks = 0;
  Position window = 1;

  std::int64_t slots() const { return sinks + window; }
  std::int64_t used(Position seen) const { return std::min<Position>(seen, slots()); }

  // What stays of the tokens [begin, end) once `end` are seen, as f(position, slot, n): runs of n tokens that stand in
  // consecutive slots, ascending.
  template <class F>
  void runs(Position begin, Position end, F f) const {
    if (begin < std::min(sinks, end)) f(begin, begin, std::min(sinks, end) - begin);
    for (Position p = std::max({begin, sinks, end - window}), n; p < end; p += n) {
      const std::int64_t slot = sinks + (p - sinks) % window;
      n = std::min(slots() - slot, end - p);
      f(p, slot, n);
    }
  }

  // Books a wrap if storing [begin, end) re-uses the ring's first slot.
  void count_wrap(Account& account, Position begin, Position end) const {
    const auto turn = [&](Position p) { return std::max<Position>(0, p - sinks - 1) / window; };
    if (turn(end) > turn(begin)) account.wrapped();
  }
};

}  // namespace kvproof
