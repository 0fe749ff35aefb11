// Each generator has the property that its summary states.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <span>

#include "datasets/generator.h"
#include "datasets/tests/reference.h"
#include "datasets/trace.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr Geometry kGeometry{.batch = 2, .q_heads = 6, .kv_heads = 3, .d = 64, .dv = 32};
constexpr std::int64_t kTokens = 300;
constexpr std::uint64_t kSeed = 7;

Trace make(const std::string& name, const Geometry& geometry = kGeometry, std::int64_t tokens = kTokens) {
  return generate(name, geometry, tokens, kSeed);
}

std::span<const float> values(const Tensor& tensor) {
  return {tensor.as<float>(), std::size_t(tensor.shape().elements())};
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.as<float>(), b.as<float>(), a.view().size_bytes()) == 0;
}

// Calls f(b, h) for every stream.
template <class F>
void for_each_stream(const Trace& trace, F f) {
  const Geometry g = trace.geometry();
  for (int b = 0; b < g.batch; ++b) {
    for (int h = 0; h < g.kv_heads; ++h) f(b, h);
  }
}

double root_mean_square(const Tensor& tensor, int b, int h, int channel) {
  double sum = 0;
  for (Position n = 0; n < tensor.shape()[2]; ++n) {
    sum += std::pow(row(tensor, b, h, n)[channel], 2);
  }
  return std::sqrt(sum / double(tensor.shape()[2]));
}

class EveryGenerator : public testing::TestWithParam<const Generator*> {};

TEST_P(EveryGenerator, RepeatsForOneSeedAndDiffersForAnother) {
  const std::string name = GetParam()->name;
  const Trace first = generate(name, kGeometry, kTokens, 1), again = generate(name, kGeometry, kTokens, 1),
              other = generate(name, kGeometry, kTokens, 2);
  EXPECT_TRUE(same_bits(first.q, again.q) && same_bits(first.k, again.k) && same_bits(first.v, again.v));
  EXPECT_FALSE(same_bits(first.q, other.q));
}

TEST_P(EveryGenerator, GivesFiniteValuesOfTheAskedShapeAtEverySmallSize) {
  for (const std::int64_t tokens : {0, 1, 2, 5, 65}) {
    for (const Geometry& g : {Geometry{1, 1, 1, 1, 1}, Geometry{2, 4, 2, 3, 5}, Geometry{1, 3, 1, 8, 0}}) {
      const Trace trace = generate(GetParam()->name, g, tokens, kSeed);
      EXPECT_EQ(trace.geometry(), g);
      EXPECT_EQ(trace.tokens(), tokens);
      EXPECT_EQ(trace.scale, float(1 / std::sqrt(double(g.d))));
      for (const Tensor* tensor : {&trace.q, &trace.k, &trace.v, &trace.expected}) {
        EXPECT_TRUE(std::ranges::all_of(values(*tensor), [](float x) { return std::isfinite(x); }));
      }
    }
  }
}

TEST_P(EveryGenerator, StreamsDoNotDependOnHowManyThereAre) {
  const Trace all = make(GetParam()->name);
  Geometry one_row = kGeometry;
  one_row.batch = 1;
  const Trace first = make(GetParam()->name, one_row);
  EXPECT_EQ(std::memcmp(all.k.as<float>(), first.k.as<float>(), first.k.view().size_bytes()), 0);
  EXPECT_EQ(std::memcmp(all.q.as<float>(), first.q.as<float>(), first.q.view().size_bytes()), 0);
}

INSTANTIATE_TEST_SUITE_P(Datasets, EveryGenerator,
                         testing::ValuesIn(generators::all().begin(), generators::all().end()),
                         [](const auto& generator) { return std::string(generator.param->name); });

TEST(Gaussian, HasMeanZeroAndVarianceOne) {
  const Trace trace = make("gaussian");
  for (const Tensor* tensor : {&trace.q, &trace.k, &trace.v}) {
    double sum = 0, squares = 0;
    for (const float x : values(*tensor)) sum += x, squares += double(x) * x;
    const double n = double(values(*tensor).size());
    EXPECT_LT(std::abs(sum / n), 5 / std::sqrt(n));              // five standard errors of a mean
    EXPECT_LT(std::abs(squares / n - 1), 5 * std::sqrt(2 / n));  // and of a variance
  }
}

TEST(OutlierChannels, AreTwentyToHundredTimesLarger) {
  const Trace trace = make("outlier_channels");
  for_each_stream(trace, [&](int b, int h) {
    std::vector<double> sizes;
    for (int c = 0; c < kGeometry.d; ++c) sizes.push_back(root_mean_square(trace.k, b, h, c));
    std::ranges::sort(sizes);
    const std::size_t outliers = std::size_t(kGeometry.d / 32);
    const double usual = sizes[sizes.size() / 2];
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (i < sizes.size() - outliers) {
        EXPECT_LT(sizes[i], 2 * usual);
      } else {
        EXPECT_GT(sizes[i], 20 * usual);
        EXPECT_LT(sizes[i], 100 * usual);
      }
    }
  });
}

TEST(AttentionSink, TakesMostOfTheWeightOfEveryQuery) {
  const Trace trace = make("attention_sink");
  for (const Position n : {Position(4), Position(50), kTokens - 1}) {
    for (int h = 0; h < kGeometry.q_heads; ++h) {
      const std::vector<double> weights = attention_weights(trace, 1, h, n);
      EXPECT_GT(weights[0] + weights[1] + weights[2] + weights[3], 0.5) << "head " << h << ", query " << n;
    }
  }
}

TEST(Drift, SetsANewMinimumAndANewMaximumInEveryEightTokens) {
  const Trace trace = make("drift");
  for (const Tensor* tensor : {&trace.k, &trace.v}) {
    for_each_stream(trace, [&](int b, int h) {
      for (int c = 0; c < tensor->shape()[3]; ++c) {
        float low = INFINITY, high = -INFINITY;
        for (Position n = 0; n + 8 <= kTokens; n += 8) {
          float block_low = INFINITY, block_high = -INFINITY;
          for (Position j = n; j < n + 8; ++j) {
            block_low = std::min(block_low, row(*tensor, b, h, j)[c]);
            block_high = std::max(block_high, row(*tensor, b, h, j)[c]);
          }
          EXPECT_LT(block_low, low);
          EXPECT_GT(block_high, high);
          low = block_low, high = block_high;
        }
      }
    });
  }
}

TEST(Needle, AnswersTheLastQuery) {
  for (const std::int64_t tokens : {std::int64_t(1), std::int64_t(2), kTokens}) {
    for (const int d : {1, 2, 64}) {
      Geometry g = kGeometry;
      g.d = d;
      const Trace trace = make("needle", g, tokens);
      ASSERT_EQ(trace.expected.shape(), (Shape{g.batch, g.q_heads, 1, g.dv}));
      ASSERT_EQ(trace.needle.size(), std::size_t(g.streams()));
      for (int b = 0; b < g.batch; ++b) {
        for (int h = 0; h < g.q_heads; ++h) {
          const std::vector<double> output = attention_output(trace, b, h, tokens - 1);
          const Position place = trace.needle[std::size_t(b * g.kv_heads + h / g.group())];
          for (int c = 0; c < g.dv; ++c) {
            const float answer = row(trace.expected, b, h, 0)[c];
            EXPECT_EQ(answer, row(trace.v, b, h / g.group(), place)[c]);
            EXPECT_NEAR(output[std::size_t(c)], answer, 1e-6 * std::abs(answer));
          }
        }
      }
    }
  }
}

TEST(Offset, ValuesHaveMeanTen) {
  const Trace trace = make("offset");
  double sum = 0;
  for (const float x : values(trace.v)) sum += x;
  const double n = double(values(trace.v).size());
  EXPECT_NEAR(sum / n, 10, 5 / std::sqrt(n));  // five standard errors
}

TEST(Constants, AreConstantInEveryStream) {
  const Trace trace = make("constants");
  for (const Tensor* tensor : {&trace.k, &trace.v}) {
    for_each_stream(trace, [&](int b, int h) {
      const std::int64_t size = kTokens * tensor->shape()[3];
      const std::span<const float> stream(row(*tensor, b, h, 0), std::size_t(size));
      EXPECT_NE(stream[0], 0);
      EXPECT_EQ(stream[0] * 8, std::round(stream[0] * 8));
      EXPECT_TRUE(std::ranges::all_of(stream, [&](float x) { return x == stream[0]; }));
    });
  }
}

TEST(Ties, GiveFourDifferentScoresAtMost) {
  const Trace trace = make("ties");
  const std::vector<double> weights = attention_weights(trace, 0, 0, kTokens - 1);
  EXPECT_LE(std::set<double>(weights.begin(), weights.end()).size(), 4u);
  const std::span<const float> all = values(trace.v);
  EXPECT_GT(std::set<float>(all.begin(), all.end()).size(), all.size() / 2);
}

TEST(Denormals, AreBelowTheNormalRangeOfTheirFormat) {
  const Trace trace = make("denormals");
  for (Position n = 0; n < kTokens; ++n) {
    const bool f32_turn = n / 64 % 2 == 0;
    float largest = 0;
    for (const float x : std::span(row(trace.k, 0, 0, n), std::size_t(kGeometry.d))) {
      largest = std::max(largest, std::abs(x));
    }
    EXPECT_GT(largest, 0);
    EXPECT_LT(largest, f32_turn ? std::numeric_limits<float>::min() : 0x1p-14f);
  }
}

TEST(LargeMagnitudes, StayInTheRangeOfF16AndScoreAboveEighty) {
  const Trace trace = make("large_magnitudes");
  float largest = 0;
  for (const float x : values(trace.k)) largest = std::max(largest, std::abs(x));
  for (const float x : values(trace.v)) largest = std::max(largest, std::abs(x));
  EXPECT_EQ(largest, 32768);
  double best = 0;
  for (Position n = 0; n < kTokens; ++n) {
    double score = 0;
    for (int c = 0; c < kGeometry.d; ++c) {
      score += double(row(trace.q, 0, 0, n)[c]) * row(trace.k, 0, 0, n)[c];
    }
    best = std::max(best, score * trace.scale);
  }
  EXPECT_GT(best, 80);
}

TEST(SmallIntegers, AreWholeNumbersFromMinusThreeToThree) {
  const Trace trace = make("small_integers");
  for (const Tensor* tensor : {&trace.q, &trace.k, &trace.v}) {
    const std::set<float> seen(values(*tensor).begin(), values(*tensor).end());
    EXPECT_EQ(seen, (std::set<float>{-3, -2, -1, 0, 1, 2, 3}));
  }
}

TEST(OneHotValues, ShowTheWeightsOfTheVisibleSet) {
  Trace trace = make("one_hot_values", {1, 1, 1, 4, 16}, 12);
  trace.window = 5;
  const std::vector<double> output = attention_output(trace, 0, 0, 9);
  for (int c = 0; c < 16; ++c) EXPECT_DOUBLE_EQ(output[std::size_t(c)], c >= 5 && c <= 9 ? 0.2 : 0);
}

TEST(PositionTags, SpellPositionAndStream) {
  const Trace trace = make("position_tags");
  for_each_stream(trace, [&](int b, int h) {
    for (Position n = 0; n < kTokens; ++n) {
      const float* key = row(trace.k, b, h, n);
      const float* value = row(trace.v, b, h, n);
      EXPECT_EQ(key[0] + 128 * key[1] + 128 * 128 * key[4], n);
      EXPECT_EQ(key[2] + 128 * key[3], b * kGeometry.kv_heads + h);
      for (int c = 0; c < 5; ++c) EXPECT_EQ(value[c], -1 - key[c]);
    }
  });
}

TEST(Generate, RefusesUnknownNamesAndImpossibleSizes) {
  try {
    make("gausian");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    for (const Generator* g : generators::all()) {
      EXPECT_NE(std::string(error.what()).find(g->name), std::string::npos);
    }
  }
  EXPECT_THROW(make("gaussian", kGeometry, -1), Error);
  EXPECT_THROW(make("gaussian", kGeometry, std::int64_t(1) << 60), Error);
  EXPECT_THROW(make("gaussian", {1, 3, 2, 4, 4}, 8), Error);
}

TEST(Readme, ListsExactlyTheGeneratorsWithTheirSummaries) {
  std::ifstream in(KVPROOF_DATASETS_README);
  ASSERT_TRUE(in) << KVPROOF_DATASETS_README;
  std::set<std::string> listed, registered;
  bool in_table = false;
  for (std::string line; std::getline(in, line);) {
    in_table = line.starts_with("| generator |") || (in_table && line.starts_with("|"));
    if (in_table && line.starts_with("| `")) listed.insert(line);
  }
  for (const Generator* g : generators::all()) {
    registered.insert(std::string("| `") + g->name + "` | " + g->summary + " | " + g->reveals + " |");
  }
  EXPECT_EQ(listed, registered);
}

}  // namespace
}  // namespace kvproof
