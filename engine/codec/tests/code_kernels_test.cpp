// Packed codes: what is packed is read back, and the vector kernels agree with the codes read back by hand.
#include <algorithm>
#include <cmath>

#include "engine/codec/kernels.h"
#include "engine/codec/tests/support.h"

namespace kvproof {
namespace {

constexpr int kBits[] = {8, 4, 2};
constexpr int kQueries = 5;
constexpr std::int64_t kRows = 37;

// kRows rows of random codes with `gap` bytes of ones behind each.
struct Coded {
  Coded(int bits, int width, std::size_t gap, std::uint64_t seed)
      : row_bytes(packed_bytes(width, bits) + gap),
        buffer(nan_buffer(std::size_t(kRows) * row_bytes)),
        values(std::size_t(kRows * width)) {
    Random random(seed);
    for (std::int64_t t = 0; t < kRows; ++t) {
      std::vector<std::uint8_t> codes(static_cast<std::size_t>(width));
      for (std::uint8_t& code : codes) code = std::uint8_t(random.integer(0, (1 << bits) - 1));
      pack_codes(codes.data(), width, bits, buffer.data() + std::size_t(t) * row_bytes);
      std::copy(codes.begin(), codes.end(), values.begin() + t * width);
    }
    view = {bits, width, row_bytes, buffer.data()};
  }
  CodeRows from(std::int64_t row) const {
    CodeRows rows = view;
    rows.first += std::size_t(row) * row_bytes;
    return rows;
  }

  std::size_t row_bytes;
  Buffer buffer;
  std::vector<float> values;
  CodeRows view;
};

TEST(Packing, ReadsBackWhatItPacked) {
  for (const int bits : kBits) {
    for (int width = 1; width <= 130; ++width) {
      Random random(std::uint64_t(width * 8 + bits));
      std::vector<std::uint8_t> codes(static_cast<std::size_t>(width));
      for (std::uint8_t& code : codes) code = std::uint8_t(random.integer(0, (1 << bits) - 1));
      const std::size_t size = packed_bytes(width, bits);
      ASSERT_EQ(size, std::size_t(ceil(width * bits / 8.0)));
      std::vector<std::byte> packed(size + 1, std::byte{0xa5});
      pack_codes(codes.data(), width, bits, packed.data());
      ASSERT_EQ(packed[size], std::byte{0xa5}) << "written behind the row";
      std::vector<float> back(static_cast<std::size_t>(width) + 1, -1.f);
      unpack_codes(packed.data(), width, bits, back.data());
      for (int i = 0; i < width; ++i) ASSERT_EQ(back[std::size_t(i)], float(codes[std::size_t(i)])) << bits << " " << i;
      ASSERT_EQ(back.back(), -1.f);
    }
  }
}

TEST(Packing, PutsChannelsSixteenApartIntoOneByte) {
  std::vector<std::uint8_t> codes(36);
  codes[3] = 5, codes[19] = 9, codes[32] = 1, codes[34] = 2;  // a full run of 32, then 4 channels over 2 bytes
  std::vector<std::byte> packed(packed_bytes(36, 4));
  pack_codes(codes.data(), 36, 4, packed.data());
  EXPECT_EQ(packed[3], std::byte{0x95});
  EXPECT_EQ(packed[16], std::byte{0x21});
}

KVPROOF_EACH_PATH(CodeKernels);

TEST_P(CodeKernels, ScoreAsAFloat64SumOverTheCodesDoes) {
  for (const int width : many_widths()) {
    const std::vector<float> q = normals(kQueries * width, 1), queries = padded_rows(q, width),
                             bias = normals(kQueries, 2);
    for (const int bits : kBits) {
      const Coded keys(bits, width, 0, 3);
      std::vector<float> s(kQueries * kRows);
      code_scores({queries.data(), kQueries}, bias.data(), keys.view, kRows, {s.data(), kRows});
      for (int i = 0; i < kQueries; ++i) {
        for (std::int64_t t = 0; t < kRows; ++t) {
          double sum = bias[std::size_t(i)], magnitude = std::abs(sum);
          for (int d = 0; d < width; ++d) {
            const double x = double(q[std::size_t(i * width + d)]) * keys.values[std::size_t(t * width + d)];
            sum += x;
            magnitude += std::abs(x);
          }
          // One rounding for the product, at most width + 5 for the sums that it goes through.
          ASSERT_NEAR(s[std::size_t(i * kRows + t)], sum, (width + 7) * kUnit * magnitude)
              << bits << " bits, width " << width << " query " << i << " row " << t;
        }
      }
    }
  }
}

TEST_P(CodeKernels, GiveAScoreTheSameBitsWhereverItStands) {
  for (const int width : many_widths()) {
    const std::vector<float> queries = padded_rows(normals(kQueries * width, 4), width), bias = normals(kQueries, 5);
    const std::int64_t padded = padded_width(width);
    for (const int bits : kBits) {
      const Coded keys(bits, width, 0, 6), apart(bits, width, 7, 6);
      std::vector<float> all(kQueries * kRows), some(kQueries * 16);
      code_scores({queries.data(), kQueries}, bias.data(), keys.view, kRows, {all.data(), kRows});
      for (int m = 1; m <= kQueries; ++m) {
        for (std::int64_t n = 1; n <= 9; ++n) {
          const std::int64_t row = kRows - n, first = kQueries - m;
          code_scores({queries.data() + first * padded, m}, bias.data() + first, apart.from(row), n, {some.data(), 16});
          for (int i = 0; i < m; ++i) {
            ASSERT_TRUE(same_bits(&some[std::size_t(i * 16)], &all[std::size_t((first + i) * kRows + row)], n))
                << bits << " bits, width " << width << " m " << m << " n " << n;
          }
        }
      }
    }
  }
}

TEST_P(CodeKernels, AccumulateExactlyTheColumnsAskedFor) {
  for (const int width : many_widths()) {
    const std::int64_t padded = padded_width(width);
    const std::vector<float> w = normals(kQueries * kRows, 7), start = normals(kQueries * width, 8);
    for (const int bits : kBits) {
      const Coded rows(bits, width, 0, 9);
      for (int first = 0; first < width; first += kPad) {
        for (const int last : {std::min(first + kPad, width), width}) {
          std::vector<float> out = padded_rows(start, width);
          code_accumulate({w.data(), kQueries, kRows}, rows.view, kRows, {first, last}, out.data());
          for (int i = 0; i < kQueries; ++i) {
            for (int d = 0; d < width; ++d) {
              double sum = start[std::size_t(i * width + d)], magnitude = std::abs(sum);
              for (std::int64_t t = 0; t < kRows && d >= first && d < last; ++t) {
                const double x = double(w[std::size_t(i * kRows + t)]) * rows.values[std::size_t(t * width + d)];
                sum += x;
                magnitude += std::abs(x);
              }
              // One rounding for the product, at most n for the chain; none where nothing is added.
              const double bound = d >= first && d < last ? (kRows + 2) * kUnit * magnitude : 0;
              ASSERT_NEAR(out[std::size_t(i * padded + d)], sum, bound)
                  << bits << " bits, width " << width << " [" << first << ", " << last << ") column " << d;
            }
          }
        }
      }
    }
  }
}

TEST_P(CodeKernels, AccumulateTheSameBitsInOneCallOrInSeveral) {
  for (const int width : many_widths()) {
    const std::int64_t padded = padded_width(width);
    const std::vector<float> w = normals(kQueries * kRows, 10);
    for (const int bits : kBits) {
      const Coded rows(bits, width, 0, 11), apart(bits, width, 3, 11);
      std::vector<float> all(std::size_t(kQueries * padded));
      code_accumulate({w.data(), kQueries, kRows}, rows.view, kRows, {0, width}, all.data());
      for (int m = 1; m <= kQueries; ++m) {
        std::vector<float> out(std::size_t(m * padded));
        for (std::int64_t t = 0; t < kRows;) {
          const std::int64_t n = std::min<std::int64_t>(m + t, kRows - t);
          code_accumulate({w.data() + (kQueries - m) * kRows + t, m, kRows}, apart.from(t), n, {0, width}, out.data());
          t += n;
        }
        ASSERT_TRUE(same_bits(out.data(), all.data() + (kQueries - m) * padded, m * padded))
            << bits << " bits, width " << width << " m " << m;
      }
    }
  }
}

}  // namespace
}  // namespace kvproof
