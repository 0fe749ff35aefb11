// Scores and weighted sums over dense rows: right within rounding, the same bits wherever a row stands in a call, and
// blind to what stands between and behind the rows.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/base/tests/expect_error.h"
#include "engine/codec/kernels.h"
#include "engine/codec/tests/support.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr int kQueries = 9;
constexpr std::int64_t kRows = 256;
constexpr DType kTypes[] = {DType::kF32, DType::kF16, DType::kBF16};

// kRows rows of one dtype with `gap` elements of NaN behind each, and NaN behind the last.
struct Dense {
  Dense(DType dtype, int width, int gap, std::uint64_t seed)
      : row_bytes(std::size_t(width + gap) * size_of(dtype)),
        buffer(nan_buffer(std::size_t(kRows) * row_bytes)),
        values(std::size_t(kRows * width)) {
    const std::vector<float> rows = normals(kRows * width, seed);
    for (std::int64_t t = 0; t < kRows; ++t) {
      std::byte* to = buffer.data() + std::size_t(t) * row_bytes;
      from_f32(dtype, rows.data() + t * width, width, to);
      to_f32(dtype, to, width, values.data() + t * width);
    }
    view = {dtype, width, row_bytes, buffer.data()};
  }
  DenseRows from(std::int64_t row) const {
    DenseRows rows = view;
    rows.first += std::size_t(row) * row_bytes;
    return rows;
  }

  std::size_t row_bytes;
  Buffer buffer;
  std::vector<float> values;  // as stored, [kRows,width]
  DenseRows view;
};

KVPROOF_EACH_PATH(DenseKernels);

TEST_P(DenseKernels, ScoreAsAFloat64SumDoes) {
  for (const int width : many_widths()) {
    const std::vector<float> q = normals(kQueries * width, 1), queries = padded_rows(q, width);
    for (const DType dtype : kTypes) {
      const Dense keys(dtype, width, 0, 2);
      std::vector<float> s(kQueries * kRows);
      dense_scores({queries.data(), kQueries}, keys.view, kRows, {s.data(), kRows});
      for (int i = 0; i < kQueries; ++i) {
        for (std::int64_t t = 0; t < kRows; ++t) {
          double sum = 0, magnitude = 0;
          for (int d = 0; d < width; ++d) {
            const double x = double(q[std::size_t(i * width + d)]) * keys.values[std::size_t(t * width + d)];
            sum += x;
            magnitude += std::abs(x);
          }
          // One rounding for the product, at most width + 4 for the sums that it goes through.
          ASSERT_NEAR(s[std::size_t(i * kRows + t)], sum, (width + 6) * kUnit * magnitude)
              << name_of(dtype) << " width " << width << " query " << i << " row " << t;
        }
      }
    }
  }
}

TEST_P(DenseKernels, GiveAScoreTheSameBitsWhereverItStands) {
  for (const int width : many_widths()) {
    const std::vector<float> queries = padded_rows(normals(kQueries * width, 3), width);
    for (const DType dtype : kTypes) {
      const Dense keys(dtype, width, 0, 4), apart(dtype, width, 3, 4);
      std::vector<float> all(kQueries * kRows), some(kQueries * kRows);
      dense_scores({queries.data(), kQueries}, keys.view, kRows, {all.data(), kRows});
      for (int m = 1; m <= kQueries; ++m) {
        for (std::int64_t n = 1; n <= 9; ++n) {
          for (const auto& [first_query, row] : {std::pair(0, 0), {kQueries - m, 1}, {0, int(kRows - n)}}) {
            std::fill(some.begin(), some.end(), -1.f);
            dense_scores({queries.data() + first_query * padded_width(width), m}, apart.from(row), n,
                         {some.data(), 16});
            for (int i = 0; i < m; ++i) {
              const float* expected = &all[std::size_t((first_query + i) * kRows + row)];
              ASSERT_TRUE(same_bits(&some[std::size_t(i * 16)], expected, n))
                  << name_of(dtype) << " width " << width << " m " << m << " n " << n << " row " << row;
              ASSERT_EQ(some[std::size_t(i * 16 + n)], -1.f) << "written behind the last score";
            }
          }
        }
      }
    }
  }
}

TEST_P(DenseKernels, AccumulateAsAFloat64SumDoes) {
  for (const int width : many_widths()) {
    const std::int64_t padded = padded_width(width);
    const std::vector<float> w = normals(kQueries * kRows, 5);
    const std::vector<float> start = normals(kQueries * width, 6);
    for (const DType dtype : kTypes) {
      const Dense rows(dtype, width, 0, 7);
      for (const std::int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, int(kRows)}) {
        std::vector<float> out = padded_rows(start, width);
        dense_accumulate({w.data(), kQueries, kRows}, rows.view, n, out.data());
        for (int i = 0; i < kQueries; ++i) {
          for (int d = 0; d < width; ++d) {
            double sum = start[std::size_t(i * width + d)], magnitude = std::abs(sum);
            for (std::int64_t t = 0; t < n; ++t) {
              const double x = double(w[std::size_t(i * kRows + t)]) * rows.values[std::size_t(t * width + d)];
              sum += x;
              magnitude += std::abs(x);
            }
            // One rounding for the product, at most n for the chain that it goes through.
            ASSERT_NEAR(out[std::size_t(i * padded + d)], sum, double(n + 2) * kUnit * magnitude)
                << name_of(dtype) << " width " << width << " n " << n << " query " << i << " column " << d;
          }
          for (std::int64_t d = width; d < padded; ++d) ASSERT_EQ(out[std::size_t(i * padded + d)], 0) << "the pad";
        }
      }
    }
  }
}

TEST_P(DenseKernels, AccumulateTheSameBitsInOneCallOrInSeveral) {
  for (const int width : many_widths()) {
    const std::int64_t padded = padded_width(width);
    const std::vector<float> w = normals(kQueries * kRows, 8);
    for (const DType dtype : kTypes) {
      const Dense rows(dtype, width, 0, 9), apart(dtype, width, 5, 9);
      std::vector<float> all = padded_rows(normals(kQueries * width, 10), width);
      const std::vector<float> start = all;
      dense_accumulate({w.data(), kQueries, kRows}, rows.view, kRows, all.data());
      for (int m = 1; m <= kQueries; ++m) {
        const int first = m % 2 ? kQueries - m : 0;
        std::vector<float> out(start.begin() + first * padded, start.begin() + (first + m) * padded);
        for (std::int64_t t = 0, n = m; t < kRows; t += n, n = std::min<std::int64_t>(3 * n + 1, kRows - t)) {
          dense_accumulate({w.data() + first * kRows + t, m, kRows}, apart.from(t), n, out.data());
        }
        ASSERT_TRUE(same_bits(out.data(), all.data() + first * padded, m * padded))
            << name_of(dtype) << " width " << width << " m " << m;
      }
    }
  }
}

TEST_P(DenseKernels, CarryEverySpecialHalfAsTheScalarConversionDoes) {
  const std::vector<float> one = padded_rows({1.f}, 1);
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    for (int first = 0; first < 1 << 16; first += int(kRows)) {
      Buffer bits = nan_buffer(kRows * 2);
      std::vector<float> expected(kRows), s(kRows);
      for (int i = 0; i < kRows; ++i) {
        const auto half = std::uint16_t(first + i);
        std::memcpy(bits.data() + 2 * i, &half, 2);
      }
      to_f32(dtype, bits.data(), kRows, expected.data());
      dense_scores({one.data(), 1}, {dtype, 1, 2, bits.data()}, kRows, {s.data(), kRows});
      for (std::size_t i = 0; i < kRows; ++i) {
        ASSERT_TRUE(s[i] == expected[i] || (std::isnan(s[i]) && std::isnan(expected[i])))
            << name_of(dtype) << " " << first + int(i) << ": " << s[i] << " for " << expected[i];
      }
    }
  }
}

TEST_P(DenseKernels, LetNaNInARowReachItsOwnScoreOnly) {
  constexpr int kWidth = 20;
  const std::vector<float> queries = padded_rows(normals(3 * kWidth, 11), kWidth);
  Dense keys(DType::kF32, kWidth, 0, 12);
  reinterpret_cast<float*>(keys.buffer.data())[5 * kWidth + kWidth - 1] = std::nanf("");
  float s[3][8];
  dense_scores({queries.data(), 3}, keys.view, 8, {s[0], 8});
  for (const auto& row : s) {
    for (int t = 0; t < 8; ++t) EXPECT_EQ(std::isnan(row[t]), t == 5) << t;
  }
}

TEST(Simd, RunsTheBestPathUnlessTold) {
  const std::string before = isa_name();
  ASSERT_FALSE(isa_names().empty());
  for (const std::string& name : isa_names()) {
    set_isa(name);
    EXPECT_EQ(isa_name(), name);
  }
  set_isa("");
  EXPECT_EQ(isa_name(), isa_names().front());
  EXPECT_EQ(isa_names().back() == "portable", isa_names().front() != "neon");
  set_isa(before);
}

TEST(Simd, NamesAnUnknownPathAndThoseThatThereAre) {
  const std::string before = isa_name();
  const std::string what = error_of(ErrorCode::kUsage, [] { set_isa("avx9"); });
  for (const std::string& name : isa_names()) EXPECT_NE(what.find(name), std::string::npos) << what;
  EXPECT_NE(what.find("avx9"), std::string::npos) << what;
  EXPECT_EQ(isa_name(), before);
}

}  // namespace
}  // namespace kvproof
