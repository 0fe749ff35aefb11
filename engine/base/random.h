// A small seeded generator with the same stream on every platform (std distributions promise no such thing).
#pragma once

#include <cstdint>
#include <string_view>

namespace kvproof {

// SplitMix64 (Steele, Lea, Flood 2014). Copyable: a copy continues the same stream.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits();
  // Uniform in [low, high], both included. REQUIRES: low <= high.
  std::int64_t integer(std::int64_t low, std::int64_t high);
  // Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  // Normal with mean 0 and variance 1 (Box-Muller; one of the pair is dropped).
  double normal();

 private:
  std::uint64_t state_;
};

// FNV-1a; mixes a name into a seed, so that two users of one seed draw different streams.
std::uint64_t hash_name(std::string_view name, std::uint64_t seed = 0);

}  // namespace kvproof
