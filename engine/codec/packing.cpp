// Packed codes and affine groups in plain loops: what the vector kernels read, written and read back by hand.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/codec/kernels.h"

namespace kvproof {
namespace {

// Calls f(channel, byte, shift) for every channel of a row.
template <class F>
void for_each_code(int width, int bits, F f) {
  const int run = 128 / bits;
  for (int first = 0, byte = 0; first < width; first += run) {
    const int n = std::min(run, width - first);
    const int bytes = int(packed_bytes(n, bits));
    for (int i = 0; i < n; ++i) f(first + i, byte + i % bytes, i / bytes * bits);
    byte += bytes;
  }
}

// Rounds half to even, for 0 <= x < 2^22: above 1.5 * 2^23 a float has no fraction. A library call would not vectorise.
float round_half_even(float x) {
  constexpr float kMagic = 12582912.f;
  return (x + kMagic) - kMagic;
}

}  // namespace

void pack_codes(const std::uint8_t* codes, int width, int bits, std::byte* to) {
  std::fill_n(to, packed_bytes(width, bits), std::byte{0});
  for_each_code(width, bits, [&](int i, int byte, int shift) { to[byte] |= std::byte(codes[i] << shift); });
}

void unpack_codes(const std::byte* from, int width, int bits, float* codes) {
  const int mask = (1 << bits) - 1;
  for_each_code(width, bits, [&](int i, int byte, int shift) { codes[i] = float((int(from[byte]) >> shift) & mask); });
}

Affine quantize_group(const float* x, std::int64_t n, std::int64_t step, int bits, std::uint16_t* codes) {
  float lo = x[0], hi = x[0];
  for (std::int64_t i = 1; i < n; ++i) lo = std::min(lo, x[i * step]), hi = std::max(hi, x[i * step]);
  const float top = float((1 << bits) - 1), range = hi - lo;
  float scale = range / top;
  if (std::isinf(range) || scale < std::numeric_limits<float>::min()) {
    // In float64. A scale too small to have all its bits is rounded up, so that every code stays in range; where the
    // range overflows it is rounded down, so that no value comes back as infinity.
    const double wide = double(hi) - double(lo), reached = double(top) * double(scale = float(wide / double(top)));
    const float inf = std::numeric_limits<float>::infinity();
    if (std::isinf(range) ? reached > wide : reached < wide) scale = std::nextafter(scale, std::isinf(range) ? 0 : inf);
    for (std::int64_t i = 0; i < n; ++i) {
      const double code = wide > 0 ? std::nearbyint((double(x[i * step]) - double(lo)) / double(scale)) : 0;
      codes[i * step] = std::uint16_t(std::min(code, double(top)));
    }
    return {scale, lo};
  }
  for (std::int64_t i = 0; i < n; ++i) {
    codes[i * step] = std::uint16_t(std::min(round_half_even((x[i * step] - lo) / scale), top));
  }
  return {scale, lo};
}

}  // namespace kvproof
