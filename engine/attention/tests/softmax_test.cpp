// The vector passes of the softmax on every path: the stated error of exp over its whole range, hidden elements, NaN.
#include "engine/attention/softmax.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/codec/tests/support.h"

namespace kvproof {
namespace {

constexpr float kHidden = -std::numeric_limits<float>::infinity();
const float kNaN = std::nanf("");

struct Softmax {
  explicit Softmax(std::vector<float> scores, std::int64_t begin = 0) : weights(std::move(scores)) {
    softmax_row(weights.data(), begin, std::int64_t(weights.size()), &max, &sum);
  }
  std::vector<float> weights;
  float max = 1, sum = 1;
};

// The distance of two floats next to each other at x > 0.
double ulp(double x) { return std::max(std::ldexp(1.0, std::ilogb(x) - 23), 0x1p-149); }

KVPROOF_EACH_PATH(SoftmaxPass);

TEST_P(SoftmaxPass, TakesExponentialsWithinTheStatedErrorOverTheWholeRange) {
  std::vector<float> x{0};
  double worst = 0, worst_at = 0;
  const auto measure = [&] {
    while (x.size() % kPad) x.push_back(kHidden);
    const Softmax row(x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i] == kHidden) continue;
      const double right = std::exp(double(x[i])), error = std::abs(double(row.weights[i]) - right) / ulp(right);
      if (error > worst) worst = error, worst_at = x[i];
    }
    x.assign(1, 0.f);
  };
  // Every 1009th float from -0 to -104; all around -5.88, where the error over all floats is largest, and all of the
  // last.
  const auto word = [](float value) { return std::bit_cast<std::uint32_t>(value); };
  const std::uint32_t last = word(-104.f), worst_from = word(-5.87f), worst_to = word(-5.9f);
  for (std::uint32_t bits = word(-0.f); bits <= last;) {
    x.push_back(std::bit_cast<float>(bits));
    if (x.size() == 4096) measure();
    const bool each = (bits >= worst_from && bits < worst_to) || bits > last - 5000;
    bits += each ? 1 : 1009;
  }
  measure();
  RecordProperty("worst_ulp", std::to_string(worst));
  RecordProperty("worst_at", std::to_string(worst_at));
  EXPECT_LE(worst, 1.04) << "at " << worst_at;
}

TEST_P(SoftmaxPass, SumsWhatItWrites) {
  for (const int n : {16, 32, 48, 256}) {
    const Softmax row(normals(n, std::uint64_t(n)));
    double sum = 0;
    for (const float w : row.weights) sum += w;
    EXPECT_NEAR(row.sum, sum, n * kUnit * sum) << "one rounding for each element";
    EXPECT_EQ(*std::max_element(row.weights.begin(), row.weights.end()), 1);
  }
}

TEST_P(SoftmaxPass, GivesTheSameBitsWhateverIsHiddenAround) {
  std::vector<float> alone = normals(64, 1), among(256, kHidden);
  std::copy(alone.begin(), alone.end(), among.begin() + 128);
  const Softmax a(alone), b(among), c(among, 128);
  EXPECT_TRUE(same_bits(a.sum, b.sum) && same_bits(a.sum, c.sum));
  EXPECT_TRUE(same_bits(a.max, b.max));
  EXPECT_TRUE(same_bits(a.weights.data(), b.weights.data() + 128, 64));
  for (int i = 0; i < 128; ++i) EXPECT_EQ(b.weights[std::size_t(i)], 0);
  EXPECT_EQ(c.weights[0], kHidden) << "before begin";
}

TEST_P(SoftmaxPass, GivesNoWeightWhereAllIsHidden) {
  const Softmax row(std::vector<float>(32, kHidden));
  EXPECT_EQ(row.max, kHidden);
  EXPECT_EQ(row.sum, 0);
  for (const float w : row.weights) EXPECT_EQ(w, 0);
}

TEST_P(SoftmaxPass, GivesNoWeightToWhatIsFarBelow) {
  std::vector<float> s(16, kHidden);
  s[3] = 100, s[4] = -5, s[5] = -FLT_MAX, s[6] = 100 - 104.5f;
  const Softmax row(s);
  EXPECT_EQ(row.weights[3], 1);
  for (const std::size_t i : {4, 5, 6, 0}) EXPECT_EQ(row.weights[i], 0) << i;
  EXPECT_EQ(row.sum, 1);
}

TEST_P(SoftmaxPass, CarriesNaNToTheSumWhereverItStands) {
  for (std::size_t at = 0; at < 48; ++at) {
    for (const float rest : {0.5f, kHidden}) {
      std::vector<float> s(48, rest);
      s[at] = kNaN;
      const Softmax row(s);
      EXPECT_TRUE(std::isnan(row.sum)) << at << " among " << rest;
      EXPECT_NE(row.max, kHidden) << at << " among " << rest;
    }
  }
  EXPECT_TRUE(std::isnan(Softmax(std::vector<float>(16, kNaN)).sum));
}

TEST_P(SoftmaxPass, ScalesAndCapsAsFloat64Does) {
  std::vector<float> x = normals(37, 2);
  x.insert(x.end(), {0.f, 1e-30f, 1e3f, -1e3f, 1e30f, -1e30f, FLT_MAX, -FLT_MAX, -kHidden, kHidden});
  for (const float cap : {0.5f, 30.f, 50.f}) {
    for (const float scale : {1.f, 0.125f}) {
      std::vector<float> s = x;
      scale_scores(s.data(), std::int64_t(s.size()), scale, cap);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double scaled = double(x[i]) * scale, right = cap * std::tanh(scaled / cap);
        // Three roundings of the argument, whose slope is at most 1, and the vector tanh within 8 units of the result.
        EXPECT_NEAR(s[i], right, 12 * kUnit * std::abs(right) + 0x1p-149) << x[i] << " cap " << cap;
        EXPECT_LE(std::abs(s[i]), cap);
      }
    }
  }
}

TEST_P(SoftmaxPass, ScalesExactlyWithoutACapAndKeepsNaN) {
  const std::vector<float> x = normals(37, 3);
  std::vector<float> s = x;
  scale_scores(s.data(), 37, 0.3f, 0);
  for (std::size_t i = 0; i < s.size(); ++i) EXPECT_EQ(s[i], x[i] * 0.3f);
  std::vector<float> nan(19, kNaN);
  scale_scores(nan.data(), 19, 1, 5);
  for (const float y : nan) EXPECT_TRUE(std::isnan(y));
  scale_scores(nullptr, 0, 1, 5);
}

TEST_P(SoftmaxPass, ScalesAnElementTheSameWhereverItStands) {
  const std::vector<float> x = normals(64, 4);
  std::vector<float> all = x;
  scale_scores(all.data(), 64, 2, 3);
  for (std::int64_t first = 0; first < 64; first += 5) {
    for (std::int64_t n = 0; n <= 64 - first; n += 3) {
      std::vector<float> some(x.begin() + first, x.begin() + first + n);
      scale_scores(some.data(), n, 2, 3);
      ASSERT_TRUE(same_bits(some.data(), all.data() + first, n)) << first << " " << n;
    }
  }
}

TEST_P(SoftmaxPass, BlendsTwoAccumulators) {
  std::vector<float> acc = normals(48, 5);
  const std::vector<float> before = acc, part = normals(48, 6);
  blend(acc.data(), 0.25f, part.data(), 0.5f, 48);
  for (std::size_t i = 0; i < acc.size(); ++i) {
    const double a = 0.25 * before[i], b = 0.5 * part[i];
    EXPECT_NEAR(acc[i], a + b, kUnit * (std::abs(a) + std::abs(a + b)) + 1e-45) << "two roundings";
  }
}

}  // namespace
}  // namespace kvproof
