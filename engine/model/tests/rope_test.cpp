// Frequencies and tables of rope against higher precision and against values from elsewhere.
#include "engine/model/rope.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/tests/throwing_checks.h"
#include "engine/graph/session.h"

namespace kvproof {
namespace {

constexpr std::int64_t kLastPosition = 131071;
const RopeScaling kLinear8{.kind = RopeScaling::Kind::kLinear, .factor = 8};
const RopeScaling kLlama31{.kind = RopeScaling::Kind::kLlama3,
                           .factor = 8,
                           .low_freq_factor = 1,
                           .high_freq_factor = 4,
                           .original_positions = 8192};

// With 64 bits of mantissa and through logarithms of base 2.
long double exact_frequency(std::int64_t head_dim, double theta, std::int64_t j) {
  return std::exp2(-2.0L * static_cast<long double>(j) / static_cast<long double>(head_dim) *
                   std::log2(static_cast<long double>(theta)));
}

struct Tables {
  Value cos, sin;  // [positions, head_dim]
};

// As a decoder computes them.
Tables rope_tables(std::span<const double> frequencies, const std::vector<std::int64_t>& positions,
                   RopePrecision precision) {
  Model model;
  const Outlet input = model.add_input("positions", Fact(DType::kI64, {Dim::symbol("N")}));
  const RopeTables rows = add_rope_tables(model, input, frequencies, precision, DType::kF32);
  model.add_output("cos", rows.cos);
  model.add_output("sin", rows.sin);
  const auto n = std::int64_t(positions.size());
  Tensor at(DType::kI64, {n});
  std::ranges::copy(positions, at.as<std::int64_t>());
  const std::vector<Value> outputs = Session(std::make_shared<Plan>(model)).run(std::vector<Value>{std::move(at)});
  const Shape flat{n, 2 * std::int64_t(frequencies.size())};
  return {outputs[0].reshaped(flat), outputs[1].reshaped(flat)};
}

Tables one_row(const RopeSpec& spec, std::int64_t position) {
  return rope_tables(rope_frequencies(spec), std::vector<std::int64_t>{position}, spec.precision);
}

bool refused(const RopeSpec& spec, ErrorCode code) {
  try {
    rope_frequencies(spec);
    return false;
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("rope_freqs.weight: "), 0u) << error.what();
    return error.code() == code;
  }
}

TEST(RopeFrequencies, AreThetaToTheMinusTwoJOverTheHeadWidth) {
  EXPECT_EQ(rope_frequencies({.head_dim = 2}), (std::vector<double>{1}));
  for (const std::int64_t head_dim : {8, 64, 80, 128, 256}) {
    for (const double theta : {10'000.0, 500'000.0, 1'000'000.0}) {
      const std::vector<double> frequencies = rope_frequencies({.head_dim = head_dim, .theta = theta});
      ASSERT_EQ(std::int64_t(frequencies.size()), head_dim / 2);
      for (std::size_t j = 0; j < frequencies.size(); ++j) {
        const double expected = double(exact_frequency(head_dim, theta, std::int64_t(j)));
        // The exponent below 1 is rounded, which the logarithm of theta, below 14, multiplies; then a power, a
        // quotient.
        EXPECT_NEAR(frequencies[j], expected, expected * 16 * 0x1p-53);
      }
    }
  }
}

TEST(RopeFrequencies, LinearScalingDividesEachByTheFactor) {
  const std::vector<double> plain = rope_frequencies({.head_dim = 64, .theta = 1e6});
  const std::vector<double> scaled = rope_frequencies({.head_dim = 64, .theta = 1e6, .scaling = kLinear8});
  for (std::size_t j = 0; j < plain.size(); ++j) EXPECT_EQ(scaled[j], plain[j] / 8);
}

// Llama 3.1: 40 digits of arithmetic, rounded. j up to 28 is kept, from 35 on divided by 8, between them blended.
TEST(RopeFrequencies, Llama3ScalingKeepsFastPairsDividesSlowOnesAndBlendsBetweenThem) {
  const std::vector<double> scaled = rope_frequencies({.head_dim = 128, .theta = 500'000, .scaling = kLlama31});
  const std::pair<std::size_t, double> golden[] = {
      {0, 1.0},
      {10, 0.128687373432650515},
      {28, 0.00321144599475259102},
      {29, 0.00216657076350335861},
      {31, 0.000856751412919632081},
      {34, 0.000178507812767996419},
      {35, 0.0000955621235396468302},
      {50, 4.4115346745584041e-6},
      {63, 3.06892598891451109e-7},
  };
  // As above, and six operations more, of which the difference of C / w and 1 enlarges an error tenfold at most.
  for (const auto& [j, expected] : golden) EXPECT_NEAR(scaled[j], expected, expected * 256 * 0x1p-53) << j;
}

TEST(RopeFrequencies, Llama3ScalingWithTheFactorOneChangesNothing) {
  RopeScaling scaling = kLlama31;
  scaling.factor = 1;
  const std::vector<double> plain = rope_frequencies({.head_dim = 128, .theta = 500'000});
  const std::vector<double> scaled = rope_frequencies({.head_dim = 128, .theta = 500'000, .scaling = scaling});
  for (std::size_t j = 0; j < plain.size(); ++j) EXPECT_NEAR(scaled[j], plain[j], plain[j] * 4 * 0x1p-53);
}

TEST(RopeFrequencies, FactorsOfAFileDivide) {
  const std::vector<double> plain = rope_frequencies({.head_dim = 8});
  const std::vector<double> scaled = rope_frequencies({.head_dim = 8, .factors = {1, 2, 0.5f, 32}});
  EXPECT_EQ(scaled, (std::vector<double>{plain[0], plain[1] / 2, plain[2] * 2, plain[3] / 32}));
}

// A converter stores the Llama-3 rule as factors: both ways lead to the same frequencies.
TEST(RopeFrequencies, TheLlama3RuleAndTheFactorsThatStandForItAgree) {
  const RopeSpec plain{.head_dim = 128, .theta = 500'000};
  RopeSpec ruled = plain, factored = plain;
  ruled.scaling = kLlama31;
  const std::vector<double> base = rope_frequencies(plain), expected = rope_frequencies(ruled);
  for (std::size_t j = 0; j < base.size(); ++j) factored.factors.push_back(float(base[j] / expected[j]));
  const std::vector<double> got = rope_frequencies(factored);
  for (std::size_t j = 0; j < got.size(); ++j) EXPECT_NEAR(got[j], expected[j], expected[j] * 0x1p-23);  // f32 factors
}

TEST(RopeFrequencies, FactorsOfTheWrongNumberAreRefused) {
  EXPECT_TRUE(refused({.head_dim = 8, .factors = {1, 1, 1}}, ErrorCode::kMismatch));
  EXPECT_TRUE(refused({.head_dim = 8, .factors = {1, 1, 1, 1, 1}}, ErrorCode::kMismatch));
  EXPECT_TRUE(refused({.head_dim = 8, .factors = std::vector<float>(8, 1)}, ErrorCode::kMismatch));
}

TEST(RopeFrequencies, FactorsThatAreNoPositiveNumbersAreRefused) {
  for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    EXPECT_TRUE(refused({.head_dim = 4, .factors = {1, bad}}, ErrorCode::kMalformed)) << bad;
  }
}

TEST(RopeFrequencies, FactorsBesideTheRuleThatTheyContainAreRefused) {
  const std::vector<float> factors(64, 1);
  EXPECT_TRUE(refused({.head_dim = 128, .scaling = kLlama31, .factors = factors}, ErrorCode::kMismatch));
  EXPECT_NO_THROW(rope_frequencies({.head_dim = 128, .scaling = kLinear8, .factors = factors}));
}

TEST(RopeFrequencies, AnOddHeadWidthIsABugOfTheCaller) {
  const ThrowingChecks checks;
  EXPECT_THROW(rope_frequencies({.head_dim = 7}), CheckFailed);
  EXPECT_THROW(rope_frequencies({.head_dim = 0}), CheckFailed);
}

TEST(RopeTables, AgreeWithHigherPrecisionUpToTheLastPosition) {
  const std::vector<std::int64_t> positions{0, 1, 2, 3, 4, 5, 1000, 4096, 32767, 65537, 99991, 131070, kLastPosition};
  for (const std::int64_t head_dim : {8, 64, 128, 256}) {
    for (const double theta : {10'000.0, 500'000.0, 1'000'000.0}) {
      const Tables tables =
          rope_tables(rope_frequencies({.head_dim = head_dim, .theta = theta}), positions, RopePrecision::kExact);
      for (std::size_t row = 0; row < positions.size(); ++row) {
        for (std::int64_t column = 0; column < head_dim; ++column) {
          const long double angle =
              exact_frequency(head_dim, theta, column % (head_dim / 2)) * static_cast<long double>(positions[row]);
          const std::int64_t at = std::int64_t(row) * head_dim + column;
          // Half a unit of an f32 below 1, and an angle below 2^17 off by 17 roundings of f64 at most.
          constexpr double kTolerance = 0x1p-25 + 0x1p17 * 17 * 0x1p-53;
          ASSERT_NEAR(tables.cos.as<float>()[at], double(std::cos(angle)), kTolerance);
          ASSERT_NEAR(tables.sin.as<float>()[at], double(std::sin(angle)), kTolerance);
        }
      }
    }
  }
}

// Values of 40 digits of arithmetic, rounded: they share neither code nor library with what is tested.
TEST(RopeTables, AgreeWithValuesFromElsewhere) {
  struct Golden {
    std::int64_t head_dim;
    double theta;
    std::int64_t j, position;
    double cos, sin;
  };
  const Golden golden[] = {
      {256, 10'000, 0, 131071, -0.81798349938794908071, -0.57524168375478937114},
      {256, 10'000, 127, 131071, 0.052151006164604187182, 0.9986392104038472092},
      {256, 1'000'000, 1, 131071, -0.24864244362961788208, 0.96859534131952766371},
      {128, 500'000, 1, 131071, -0.81731615002386427279, 0.57618947483459656553},
      {128, 10'000, 33, 8191, -0.24285028529345841649, 0.97006378085818968213},
      {64, 10'000, 7, 99991, 0.45810824093897466948, 0.88889641667845547269},
      {8, 10'000, 2, 4, 0.99920010666097794031, 0.039989334186634159453},
  };
  for (const Golden& g : golden) {
    const Tables tables = one_row({.head_dim = g.head_dim, .theta = g.theta}, g.position);
    EXPECT_EQ(tables.cos.as<float>()[g.j], float(g.cos));
    EXPECT_EQ(tables.sin.as<float>()[g.j], float(g.sin));
  }
}

TEST(RopeTables, ARowDependsOnItsPositionAloneWhereverItStands) {
  const std::vector<double> frequencies = rope_frequencies({.head_dim = 64});
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < 300; ++i) positions.push_back(i * 7919 % 1009);
  const Tables tables = rope_tables(frequencies, positions, RopePrecision::kExact);
  EXPECT_EQ(tables.cos.shape(), (Shape{300, 64}));
  EXPECT_EQ(tables.sin.shape(), (Shape{300, 64}));
  for (std::size_t row = 0; row < positions.size(); ++row) {
    const Tables alone = one_row({.head_dim = 64}, positions[row]);
    EXPECT_TRUE(std::equal(alone.cos.as<float>(), alone.cos.as<float>() + 64, tables.cos.as<float>() + row * 64));
    EXPECT_TRUE(std::equal(alone.sin.as<float>(), alone.sin.as<float>() + 64, tables.sin.as<float>() + row * 64));
  }
}

TEST(RopeTables, BothHalvesAreEqualAndPositionZeroTurnsNothing) {
  const Tables tables =
      rope_tables(rope_frequencies({.head_dim = 16}), std::vector<std::int64_t>{0, 77}, RopePrecision::kExact);
  const float *cos = tables.cos.as<float>(), *sin = tables.sin.as<float>();
  for (int j = 0; j < 16; ++j) {
    EXPECT_EQ(cos[j], 1);
    EXPECT_EQ(sin[j], 0);
    EXPECT_EQ(cos[16 + j], cos[16 + j % 8]);
    EXPECT_EQ(sin[16 + j], sin[16 + j % 8]);
  }
}

TEST(RopeTables, OfNoPositionsAreEmpty) {
  EXPECT_EQ(rope_tables(rope_frequencies({.head_dim = 16}), {}, RopePrecision::kExact).cos.shape(), (Shape{0, 16}));
}

// Each operation rounded to f32 by a program of its own, from 40 digits of arithmetic.
TEST(RopeInF32, AgreesWithF32ArithmeticFromElsewhere) {
  struct Golden {
    std::int64_t head_dim;
    double theta;
    std::int64_t j, position;
    float frequency, cos, sin;
  };
  const Golden golden[] = {
      {256, 1'000'000, 1, 131071, 0.897687137f, -0.248509735f, 0.96862942f},
      {256, 10'000, 3, 99991, 0.805842221f, 0.169601798f, 0.985512674f},
      {64, 10'000, 1, 10007, 0.749894202f, -0.477101028f, 0.878848433f},
      {8, 10'000, 1, 131071, 0.100000001f, 0.930127978f, 0.367235571f},
      {128, 500'000, 2, 65537, 0.663601279f, -0.199061319f, -0.979987025f},
  };
  for (const Golden& g : golden) {
    const RopeSpec spec{.head_dim = g.head_dim, .theta = g.theta, .precision = RopePrecision::kFloat};
    EXPECT_EQ(rope_frequencies(spec)[std::size_t(g.j)], double(g.frequency));
    const Tables tables = one_row(spec, g.position);
    EXPECT_EQ(tables.cos.as<float>()[g.j], g.cos);
    EXPECT_EQ(tables.sin.as<float>()[g.j], g.sin);
  }
}

TEST(RopeInF32, Llama3ScalingIsComputedInF32Too) {
  const std::vector<double> scaled =
      rope_frequencies({.head_dim = 128, .theta = 500'000, .scaling = kLlama31, .precision = RopePrecision::kFloat});
  const std::pair<std::size_t, float> golden[] = {
      {28, 0.00321144611f}, {29, 0.00216657063f}, {31, 0.00085675146f}, {34, 0.000178507791f}, {35, 9.55621217e-05f}};
  for (const auto& [j, expected] : golden) EXPECT_EQ(scaled[j], double(expected)) << j;
}

// Near position 10 both agree within 10^-6; at the last one they are apart by what the wrong angle explains, and no
// less than a thousandth somewhere: the mode would be of no use if it did not.
TEST(RopeInF32, PartsFromTheExactTablesOnlyAsFarAsItsAnglesDo) {
  for (const std::int64_t position : {10, 1000, 131071}) {
    const RopeSpec exact{.head_dim = 256};
    RopeSpec rounded = exact;
    rounded.precision = RopePrecision::kFloat;
    const Tables a = one_row(exact, position), b = one_row(rounded, position);
    double apart = 0;
    for (int j = 0; j < 128; ++j)
      apart = std::max(apart, std::abs(double(a.cos.as<float>()[j]) - b.cos.as<float>()[j]));
    // Power, quotient and product round once each; the exponent's rounding is multiplied by the logarithm of theta.
    EXPECT_LE(apart, double(position) * (3 + std::log(10'000.0)) * 0x1p-24 + 0x1p-24);
    if (position == kLastPosition) {
      EXPECT_GT(apart, 1e-3);
    }
  }
}

}  // namespace
}  // namespace kvproof
