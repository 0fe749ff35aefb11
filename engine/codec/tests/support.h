// What the tests of the kernels share.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/base/random.h"
#include "engine/codec/codec.h"
#include "engine/codec/simd.h"

namespace kvproof {

// Half the distance of 1 to the next float: the most by which one rounding errs, relative to its result.
inline constexpr double kUnit = 0x1p-24;

// Runs a test once for every path that this machine has.
class EachPath : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { set_isa(GetParam()); }
  void TearDown() override { set_isa(previous_); }

 private:
  std::string previous_ = isa_name();
};

inline std::string path_of(const ::testing::TestParamInfo<std::string>& path) { return path.param; }

#define KVPROOF_EACH_PATH(Suite) \
  using Suite = EachPath;        \
  INSTANTIATE_TEST_SUITE_P(Paths, Suite, ::testing::ValuesIn(isa_names()), path_of)

inline std::vector<int> many_widths() {
  std::vector<int> widths;
  for (int width = 1; width <= 40; ++width) widths.push_back(width);
  widths.insert(widths.end(), {64, 72, 80, 96, 128, 256});
  return widths;
}

inline std::vector<float> normals(std::int64_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> x(static_cast<std::size_t>(n));
  for (float& value : x) value = float(random.normal());
  return x;
}

// Rows [n,width] at the distance that kernels expect, the pad zero.
inline std::vector<float> padded_rows(const std::vector<float>& rows, std::int64_t width) {
  const std::int64_t n = std::int64_t(rows.size()) / width, padded = padded_width(width);
  std::vector<float> result(std::size_t(n * padded));
  for (std::int64_t i = 0; i < n; ++i) {
    std::copy_n(rows.begin() + i * width, width, result.begin() + i * padded);
  }
  return result;
}

// `size` bytes of 0xff, NaN in every floating format, and as many behind as kernels may read.
inline Buffer nan_buffer(std::size_t size) {
  Buffer buffer(size);
  if (size) std::memset(buffer.data(), 0xff, size + 64);
  return buffer;
}

inline bool same_bits(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

inline bool same_bits(const float* a, const float* b, std::int64_t n) {
  return n == 0 || std::memcmp(a, b, std::size_t(n) * sizeof(float)) == 0;
}

}  // namespace kvproof
