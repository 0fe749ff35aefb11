// The two codecs of KIVI: half a step of its own group, constant groups exact, no NaN from any finite input, one coding
// per row whatever the batch, and attention on the codes agrees with attention on the decoded rows.
#include "engine/codec/kivi_codec.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <vector>

#include "engine/base/tests/throwing_checks.h"
#include "engine/codec/tests/support.h"

namespace kvproof {
namespace {

constexpr int kBits[] = {8, 4, 2};

Buffer encode(const Codec& codec, const std::vector<float>& rows, std::int64_t n) {
  Buffer bytes = nan_buffer(std::size_t(n / codec.block()) * codec.block_bytes());
  codec.encode(rows.data(), n / codec.block(), bytes.data());
  return bytes;
}

std::vector<float> decode(const Codec& codec, const Buffer& bytes, std::int64_t n) {
  std::vector<float> rows(std::size_t(n * codec.width()));
  codec.decode(bytes.data(), 0, n, rows.data());
  return rows;
}

// Checks elements x[i * step], i < n, against what came back.
void expect_half_a_step(const float* x, const float* back, std::int64_t n, std::int64_t step, int bits) {
  double low = x[0], high = x[0];
  for (std::int64_t i = 0; i < n; ++i) {
    low = std::min<double>(low, x[i * step]);
    high = std::max<double>(high, x[i * step]);
  }
  const double range = high - low;
  // Half a step; three roundings of the code and two of the scale, each at most the range; one of the result; and a
  // step that is itself rounded up to a multiple of 2^-149.
  const double bound = range / ((1 << bits) - 1) / 2 + 6 * kUnit * range + kUnit * std::max(-low, high) + 0x1p-149;
  for (std::int64_t i = 0; i < n; ++i) {
    ASSERT_TRUE(std::isfinite(back[i * step])) << x[i * step];
    ASSERT_LE(std::abs(double(back[i * step]) - double(x[i * step])), bound) << x[i * step] << " of " << range;
    if (range == 0) {
      ASSERT_EQ(back[i * step], x[i * step]);
    }
  }
}

void expect_keys_within_half_a_step(const std::vector<float>& rows, std::int64_t n, int width, int bits, int group) {
  const CodecPtr codec = make_kivi_key_codec(width, bits, group);
  const std::vector<float> back = decode(*codec, encode(*codec, rows, n), n);
  for (std::int64_t t = 0; t < n; t += group) {
    for (int d = 0; d < width; ++d) {
      expect_half_a_step(&rows[std::size_t(t * width + d)], &back[std::size_t(t * width + d)], group, width, bits);
    }
  }
}

void expect_values_within_half_a_step(const std::vector<float>& rows, std::int64_t n, int width, int bits, int group) {
  const CodecPtr codec = make_kivi_value_codec(width, bits, group);
  const std::vector<float> back = decode(*codec, encode(*codec, rows, n), n);
  for (std::int64_t t = 0; t < n; ++t) {
    for (int d = 0; d < width; d += group) {
      const std::size_t at = std::size_t(t * width + d);
      expect_half_a_step(&rows[at], &back[at], std::min(group, width - d), 1, bits);
    }
  }
}

TEST(KiviCodec, KeepsEveryElementWithinHalfAStepOfItsOwnGroup) {
  for (const int width : {1, 2, 3, 7, 16, 17, 33, 64, 72, 80, 128, 130}) {
    for (const int bits : kBits) {
      for (const int group : {1, 2, 3, 8, 16, 32, 64}) {
        const std::int64_t n = 2 * group;
        std::vector<float> rows = normals(n * width, std::uint64_t(width * 1000 + bits * 100 + group));
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = rows[i] * float(1 + i % 5) + float(i % 3) * 100;
        expect_keys_within_half_a_step(rows, n, width, bits, group);
        expect_values_within_half_a_step(rows, n, width, bits, group);
      }
    }
  }
}

TEST(KiviCodec, GivesBackConstantGroupsExactly) {
  for (const float x : {0.f, 1.f, -3.3f, 1e-45f, -FLT_MIN, FLT_MAX, -FLT_MAX}) {
    for (const int bits : kBits) {
      const std::vector<float> rows(8 * 6, x);
      expect_keys_within_half_a_step(rows, 8, 6, bits, 4);
      expect_values_within_half_a_step(rows, 8, 6, bits, 4);
    }
  }
}

TEST(KiviCodec, StaysFiniteForDenormalsAndTheLargestNumbers) {
  const std::vector<std::vector<float>> groups = {
      {1e-45f, 3e-45f, 0, -1e-45f}, {1e-40f, -1e-40f, 3e-39f, 0},        {FLT_MIN, -FLT_MIN, FLT_MIN / 3, 0},
      {FLT_MAX, -FLT_MAX, 0, 1},    {FLT_MAX, -FLT_MAX, FLT_MAX / 3, 0}, {FLT_MAX, 0, 1e30f, FLT_MAX},
      {-FLT_MAX, 0, -1, -FLT_MAX},  {FLT_MAX, FLT_MAX / 2, 1, 1e-45f},   {1, std::nextafter(1.f, 2.f), 1, 1},
      {1e38f, -3e38f, 2e38f, 0}};
  for (const std::vector<float>& group : groups) {
    for (const int bits : kBits) {
      expect_keys_within_half_a_step(group, 4, 1, bits, 4);
      expect_values_within_half_a_step(group, 1, 4, bits, 4);
    }
  }
}

TEST(KiviCodec, RoundsHalfToEven) {
  // The scale is 1: a value is its code, and halves fall on even codes.
  const std::vector<float> x = {0, 0.5f, 1.5f, 2.5f, 3.5f, 13.5f, 14.5f, 15}, expected = {0, 0, 2, 2, 4, 14, 14, 15};
  const CodecPtr keys = make_kivi_key_codec(1, 4, 8), values = make_kivi_value_codec(8, 4, 8);
  EXPECT_EQ(decode(*keys, encode(*keys, x, 8), 8), expected);
  EXPECT_EQ(decode(*values, encode(*values, x, 1), 1), expected);
}

TEST(KiviCodec, IsLaidOutAsItSays) {
  for (const int bits : kBits) {
    const CodecPtr keys = make_kivi_key_codec(20, bits, 6), values = make_kivi_value_codec(20, bits, 6);
    const std::size_t codes = std::size_t(20 * bits + 7) / 8;
    EXPECT_EQ(keys->block(), 6);
    EXPECT_EQ(keys->metadata_bytes(), 20u * 8);
    EXPECT_EQ(keys->block_bytes(), 20 * 8 + 6 * codes);
    EXPECT_EQ(values->block(), 1);
    EXPECT_EQ(values->metadata_bytes(), 4u * 8) << "three groups of 6 channels and one of 2";
    EXPECT_EQ(values->block_bytes(), 4 * 8 + codes);
    EXPECT_EQ(keys->name(), "kivi" + std::to_string(bits));
  }
}

TEST(KiviCodec, CodesARowTheSameInEveryBatch) {
  constexpr int kWidth = 22, kGroup = 5, kBlocks = 7;
  const std::vector<float> rows = normals(kBlocks * kGroup * kWidth, 3);
  for (const int bits : kBits) {
    for (const CodecPtr& codec :
         {make_kivi_key_codec(kWidth, bits, kGroup), make_kivi_value_codec(kWidth, bits, kGroup)}) {
      const std::int64_t blocks = kBlocks * kGroup / codec->block();
      const Buffer all = encode(*codec, rows, kBlocks * kGroup);
      for (std::int64_t b = 0; b < blocks; ++b) {
        std::vector<std::byte> one(codec->block_bytes());
        codec->encode(rows.data() + b * codec->block() * kWidth, 1, one.data());
        EXPECT_EQ(std::memcmp(one.data(), all.data() + std::size_t(b) * one.size(), one.size()), 0) << bits << " " << b;
      }
    }
  }
}

TEST(KiviCodec, DecodesFromAnyRowOn) {
  constexpr int kWidth = 11, kGroup = 4, kTokens = 20;
  const std::vector<float> rows = normals(kTokens * kWidth, 4);
  for (const CodecPtr& codec : {make_kivi_key_codec(kWidth, 4, kGroup), make_kivi_value_codec(kWidth, 4, kGroup)}) {
    const Buffer bytes = encode(*codec, rows, kTokens);
    const std::vector<float> all = decode(*codec, bytes, kTokens);
    for (std::int64_t row = 0; row < kTokens; ++row) {
      for (std::int64_t n = 0; n <= kTokens - row; ++n) {
        std::vector<float> some(std::size_t(n * kWidth));
        codec->decode(bytes.data(), row, n, some.data());
        ASSERT_TRUE(same_bits(some.data(), all.data() + row * kWidth, n * kWidth)) << row << " " << n;
      }
    }
  }
}

TEST(KiviCodec, TakesRowsOfNoWidth) {
  for (const CodecPtr& codec : {make_kivi_key_codec(0, 4, 4), make_kivi_value_codec(0, 4, 4)}) {
    EXPECT_EQ(codec->block_bytes(), 0u);
    codec->encode(nullptr, 1, nullptr);
    codec->decode(nullptr, 0, 4, nullptr);
  }
}

TEST(KiviCodec, RefusesOtherBitsAndTheOtherSide) {
  const ThrowingChecks checks;
  EXPECT_THROW(make_kivi_key_codec(8, 3, 4), CheckFailed);
  EXPECT_THROW(make_kivi_value_codec(8, 8, 0), CheckFailed);
  EXPECT_THROW(make_kivi_key_codec(8, 8, 4)->accumulate({}, nullptr, 0, 0, nullptr), CheckFailed);
  EXPECT_THROW(make_kivi_value_codec(8, 8, 4)->scores({}, nullptr, 0, 0, {}), CheckFailed);
}

KVPROOF_EACH_PATH(KiviKernels);

TEST_P(KiviKernels, ScoreAsTheDecodedRowsDo) {
  constexpr int kQueries = 3;
  for (const int width : many_widths()) {
    for (const int bits : kBits) {
      for (const int group : {1, 3, 8}) {
        const std::int64_t n = 24, row = 2, asked = 19;
        const std::vector<float> rows = normals(n * width, 5), q = normals(kQueries * width, 6);
        const CodecPtr codec = make_kivi_key_codec(width, bits, group);
        const Buffer bytes = encode(*codec, rows, n);
        const std::vector<float> back = decode(*codec, bytes, n), queries = padded_rows(q, width);
        std::vector<float> s(kQueries * asked);
        codec->scores({queries.data(), kQueries}, bytes.data(), row, asked, {s.data(), asked});
        float largest = 0;
        for (const float x : rows) largest = std::max(largest, std::abs(x));
        for (int i = 0; i < kQueries; ++i) {
          for (std::int64_t t = 0; t < asked; ++t) {
            double sum = 0, magnitude = 0;
            for (int d = 0; d < width; ++d) {
              sum += double(q[std::size_t(i * width + d)]) * back[std::size_t((row + t) * width + d)];
              magnitude += std::abs(double(q[std::size_t(i * width + d)]));
            }
            // |scale * code| + |low| is at most three times the largest element; a chain of width, its fold, the bias.
            ASSERT_NEAR(s[std::size_t(i * asked + t)], sum, (width + 10) * kUnit * 3 * largest * magnitude)
                << bits << " bits, width " << width << " group " << group << " row " << t;
          }
        }
      }
    }
  }
}

TEST_P(KiviKernels, AccumulateAsTheDecodedRowsDo) {
  constexpr int kQueries = 3;
  for (const int width : many_widths()) {
    const std::int64_t padded = padded_width(width), n = 24, row = 3, asked = 20;
    for (const int bits : kBits) {
      for (const int group : {1, 5, 16, 32, 64, 512}) {
        const std::vector<float> rows = normals(n * width, 7), w = normals(kQueries * asked, 8);
        const CodecPtr codec = make_kivi_value_codec(width, bits, group);
        const Buffer bytes = encode(*codec, rows, n);
        const std::vector<float> back = decode(*codec, bytes, n);
        std::vector<float> out(std::size_t(kQueries * padded));
        codec->accumulate({w.data(), kQueries, asked}, bytes.data(), row, asked, out.data());
        float largest = 0;
        for (const float x : rows) largest = std::max(largest, std::abs(x));
        for (int i = 0; i < kQueries; ++i) {
          for (int d = 0; d < width; ++d) {
            double sum = 0, magnitude = 0;
            for (std::int64_t t = 0; t < asked; ++t) {
              sum += double(w[std::size_t(i * asked + t)]) * back[std::size_t((row + t) * width + d)];
              magnitude += std::abs(double(w[std::size_t(i * asked + t)]));
            }
            // As above, with a chain of the rows for the codes and one for the minima.
            ASSERT_NEAR(out[std::size_t(i * padded + d)], sum, (2 * asked + 8) * kUnit * 3 * largest * magnitude)
                << bits << " bits, width " << width << " group " << group << " column " << d;
          }
          for (std::int64_t d = width; d < padded; ++d) ASSERT_EQ(out[std::size_t(i * padded + d)], 0) << "the pad";
        }
      }
    }
  }
}

}  // namespace
}  // namespace kvproof
