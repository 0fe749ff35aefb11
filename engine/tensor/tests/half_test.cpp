// Both 16-bit formats against a reference in double: every code, and every f32 next to where
// rounding turns.
#include "engine/tensor/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/random.h"

namespace kvproof {
namespace {

struct Format {
  const char* name;
  DType type;
  int fraction_bits;
  int exponent_bias;
  float (*to_f32)(std::uint16_t);
  std::uint16_t (*from_f32)(float);

  std::uint16_t infinity() const { return std::uint16_t(0x7fff >> fraction_bits << fraction_bits); }
  bool is_nan(std::uint16_t code) const { return (code & 0x7fff) > infinity(); }
  // What a code without sign stands for; infinity's stands where the next power of two would.
  double value(std::uint16_t code) const {
    const int exponent = code >> fraction_bits, fraction = code & ((1 << fraction_bits) - 1);
    const int hidden = exponent ? 1 << fraction_bits : 0;
    return std::ldexp(hidden + fraction, std::max(exponent, 1) - exponent_bias - fraction_bits);
  }
  // The code nearest to `x`, ties to even. REQUIRES: x is not NaN.
  std::uint16_t nearest(double x) const {
    const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    if (std::isinf(x)) return std::uint16_t(sign | infinity());
    const int exponent = x == 0 ? 1 - exponent_bias : std::max(std::ilogb(x), 1 - exponent_bias);
    // In units of the last place; a carry into the next power of two is right as it is.
    const double units = std::nearbyint(std::ldexp(std::abs(x), fraction_bits - exponent));
    const double code = units + std::ldexp(exponent + exponent_bias - 1, fraction_bits);
    return std::uint16_t(sign | std::uint16_t(std::min(code, double(infinity()))));
  }
};

constexpr Format kFormats[] = {{"f16", DType::kF16, 10, 15, &f32_from_f16, &f16_from_f32},
                               {"bf16", DType::kBF16, 7, 127, &f32_from_bf16, &bf16_from_f32}};

class Half : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Tensor, Half, testing::ValuesIn(kFormats),
                         [](const auto& format) { return std::string(format.param.name); });

TEST_P(Half, EveryCodeStandsForItsValueAndComesBack) {
  const Format& format = GetParam();
  for (std::uint32_t code = 0; code < 65536; ++code) {
    const auto bits = std::uint16_t(code);
    const float value = format.to_f32(bits);
    ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << code;
    if (format.is_nan(bits)) {
      ASSERT_TRUE(std::isnan(value)) << code;
      ASSERT_TRUE(format.is_nan(format.from_f32(value))) << code;
      continue;
    }
    if ((bits & 0x7fff) == format.infinity()) {
      ASSERT_TRUE(std::isinf(value)) << code;
    } else {
      ASSERT_EQ(std::abs(double(value)), format.value(bits & 0x7fff)) << code;
    }
    ASSERT_EQ(format.from_f32(value), bits);
  }
}

TEST_P(Half, RoundsToNearestWithTiesToEvenBetweenEveryTwoCodes) {
  const Format& format = GetParam();
  for (std::uint16_t low = 0; low < format.infinity(); ++low) {
    const auto high = std::uint16_t(low + 1);
    // Exact in double and, with one bit more than a code has, in f32.
    const double middle = (format.value(low) + format.value(high)) / 2;
    const auto tie = float(middle);
    ASSERT_EQ(double(tie), middle);
    for (const std::uint16_t sign : {0, 0x8000}) {
      const float factor = sign ? -1.0f : 1.0f;
      const std::uint16_t even = low % 2 == 0 ? low : high;
      ASSERT_EQ(format.from_f32(factor * tie), sign | even) << low;
      ASSERT_EQ(format.from_f32(factor * std::nextafter(tie, 0.0f)), sign | low) << low;
      ASSERT_EQ(format.from_f32(factor * std::nextafter(tie, INFINITY)), sign | high) << low;
    }
  }
}

TEST_P(Half, RoundsLikeTheReferenceAnywhere) {
  const Format& format = GetParam();
  Random random(1);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto value = std::bit_cast<float>(std::uint32_t(random.bits()));
    if (std::isnan(value)) {
      ASSERT_TRUE(format.is_nan(format.from_f32(value)));
    } else {
      ASSERT_EQ(format.from_f32(value), format.nearest(value)) << std::hexfloat << value;
    }
  }
}

TEST_P(Half, ExtremesOverflowAndVanish) {
  const Format& format = GetParam();
  EXPECT_EQ(format.from_f32(std::numeric_limits<float>::max()), format.infinity());
  EXPECT_EQ(format.from_f32(-INFINITY), 0x8000 | format.infinity());
  EXPECT_EQ(format.from_f32(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(format.from_f32(-std::numeric_limits<float>::denorm_min()), 0x8000);
  // NaN whose payload lies wholly in the bits that are cut off.
  for (const std::uint32_t bits : {0x7f800001u, 0xff800001u, 0x7fffffffu, 0xffffffffu}) {
    EXPECT_TRUE(format.is_nan(format.from_f32(std::bit_cast<float>(bits))));
  }
}

TEST_P(Half, WholeArraysAreConvertedLikeSingleValues) {
  const Format& format = GetParam();
  std::vector<std::uint16_t> codes(1000), back(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    codes[i] = std::uint16_t(i * 31 % format.infinity());
  }
  std::vector<float> wide(codes.size());
  const auto n = std::int64_t(codes.size());
  to_f32(format.type, reinterpret_cast<const std::byte*>(codes.data()), n, wide.data());
  for (std::size_t i = 0; i < codes.size(); ++i) ASSERT_EQ(wide[i], format.to_f32(codes[i]));
  from_f32(format.type, wide.data(), n, reinterpret_cast<std::byte*>(back.data()));
  EXPECT_EQ(back, codes);
}

}  // namespace
}  // namespace kvproof
