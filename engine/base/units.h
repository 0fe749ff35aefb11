// Positions, streams and checked sizes: the small words that every layer shares.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvproof {

// A token's place in its sequence, from 0. Never a slot (the physical row that holds it).
using Position = std::int64_t;

inline constexpr Position kMaxPosition = Position(1) << 40;

// One (batch row, KV head) pair, index = b * Hkv + h: the unit of storage and of parallel work.
struct Stream {
  int index = 0;
};

// a * b, or false on overflow. For sizes that come from outside.
[[nodiscard]] inline bool multiply_sizes(std::size_t a, std::size_t b, std::size_t& product) {
  return !__builtin_mul_overflow(a, b, &product);
}

inline constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace kvproof
