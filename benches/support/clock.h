// The clock of every measurement.
#pragma once

#include <chrono>

namespace kvproof {

// Nanoseconds since some fixed moment; never goes back.
inline double now_ns() {
  return double(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

}  // namespace kvproof
