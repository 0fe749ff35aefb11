// e^x and what is made of it, in plain f32 arithmetic that compilers turn into vector instructions: every element by
// itself, the same bits on every machine and wherever it stands. Errors are in units in the last place, measured over
// every seventh float where the result is normal.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace kvproof {
namespace exponential_detail {

// x = n ln 2 + r with |r| <= ln(2) / 2, and e^r - 1: the Taylor series up to r^7, whose rest is below 2^-27 of e^r.
struct Parts {
  std::int32_t n;
  float r_minus_one;
};

inline Parts parts_of(float x) {
  constexpr float kRounder = 0x1.8p23f;  // adding it rounds to an integer, which stands in the low bits
  const float shifted = x * 0x1.715476p0f + kRounder;
  const float n = shifted - kRounder;
  // ln 2 in two parts; the first has 9 bits, so that its product with n is exact.
  const float r = (x - n * 0x1.63p-1f) - n * -0x1.bd0106p-13f;
  const float tail = 1.f / 2 + r * (1.f / 6 + r * (1.f / 24 + r * (1.f / 120 + r * (1.f / 720 + r * (1.f / 5040)))));
  return {std::int32_t(std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(kRounder)),
          r + r * r * tail};
}

// 2^n. REQUIRES: -126 <= n <= 127.
inline float power_of_two(std::int32_t n) { return std::bit_cast<float>(std::uint32_t(n + 127) << 23); }

inline float clamped(float x, float low, float high) { return x < low ? low : x > high ? high : x; }  // NaN stays

}  // namespace exponential_detail

// At most 1.03 ulp.
inline float exp_f32(float x) {
  using namespace exponential_detail;
  const Parts parts = parts_of(clamped(x, -104.f, 89.f));
  const std::int32_t half = parts.n >> 1;  // 2^n alone may be no float
  return (1 + parts.r_minus_one) * power_of_two(half) * power_of_two(parts.n - half);
}

// At most 2.4 ulp.
inline float sigmoid_f32(float x) {
  const float e = exp_f32(-std::abs(x));
  return (x < 0 ? e : 1.f) / (1 + e);
}

// At most 2.5 ulp: (e^2x - 1) / (e^2x + 1) of the absolute value.
inline float tanh_f32(float x) {
  using namespace exponential_detail;
  const Parts parts = parts_of(clamped(2 * std::abs(x), 0.f, 20.f));  // from 10 on, tanh is 1 in f32
  const float scale = power_of_two(parts.n);
  const float minus_one = scale * parts.r_minus_one + (scale - 1);
  return std::copysign(minus_one / (minus_one + 2), x);
}

}  // namespace kvproof
