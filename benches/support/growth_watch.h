// Times a batch of calls and tells whether a store grew in it. Growth is rare and long: it is
// measured as a quantity of its own and kept out of all others.
#pragma once

#include <cstdint>
#include <functional>

#include "benches/support/clock.h"

namespace kvproof {

struct Timed {
  double ns = 0;
  std::int64_t reallocations = 0;

  bool grew() const { return reallocations > 0; }
};

class GrowthWatch {
 public:
  // `reallocations` counts upwards (Counters::reallocations); `clock` gives ns.
  explicit GrowthWatch(std::function<std::int64_t()> reallocations, std::function<double()> clock = &now_ns)
      : reallocations_(std::move(reallocations)), clock_(std::move(clock)) {}

  template <class Batch>
  Timed time(Batch&& batch) const {
    const std::int64_t before = reallocations_();
    const double start = clock_();
    batch();
    const double ns = clock_() - start;
    return {ns, reallocations_() - before};
  }

 private:
  std::function<std::int64_t()> reallocations_;
  std::function<double()> clock_;
};

}  // namespace kvproof
