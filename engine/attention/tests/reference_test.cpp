// The oracle on cases worked out by hand, and its tolerance: wide enough to be right, narrow enough to find a fault.
#include "engine/attention/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/codec/tests/support.h"

namespace kvproof {
namespace {

using Row = std::vector<float>;

ReferenceQuery ask(const Row& q, const std::vector<Row>& k, const std::vector<Row>& v) {
  ReferenceQuery query{.q = q};
  for (const Row& row : k) query.k.push_back(row);
  for (const Row& row : v) query.v.push_back(row);
  return query;
}

TEST(Reference, WeighsTwoRowsAsWorkedOutByHand) {
  const Row q{1, 2};
  const std::vector<Row> k{{3, 0}, {0, 1}}, v{{10, 0}, {0, 10}};
  ReferenceQuery query = ask(q, k, v);
  query.scale = 0.5;  // scores 1.5 and 1
  const ReferenceResult result = reference_attention(query, 2);
  const double weight = 1 / (1 + std::exp(-0.5));
  EXPECT_DOUBLE_EQ(result.out[0], 10 * weight);
  EXPECT_NEAR(result.out[1], 10 * (1 - weight), 1e-14);
}

TEST(Reference, AveragesWhereAllScoresAreEqual) {
  const Row q{0};
  const std::vector<Row> k{{1}, {2}, {3}, {4}}, v{{1}, {2}, {3}, {6}};
  EXPECT_DOUBLE_EQ(reference_attention(ask(q, k, v), 1).out[0], 3);
}

TEST(Reference, CapsBeforeItAddsTheBias) {
  const Row q{1};
  const std::vector<Row> k{{100}, {-100}}, v{{1}, {0}};
  ReferenceQuery query = ask(q, k, v);
  query.softcap = 1;
  query.bias = {0, 2};  // tanh(100) = 1, tanh(-100) + 2 = 1
  EXPECT_DOUBLE_EQ(reference_attention(query, 1).out[0], 0.5);
}

TEST(Reference, GivesZerosAndNoToleranceWhereNothingIsVisible) {
  const Row q{1};
  const std::vector<Row> k{{1}}, nan{{std::nanf("")}};
  const ReferenceResult none = reference_attention(ask(q, {}, {}), 3);
  EXPECT_EQ(none.out, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(none.tolerance, 0);
  ReferenceQuery hidden = ask(q, k, nan);
  hidden.bias = {-std::numeric_limits<double>::infinity()};
  EXPECT_EQ(reference_attention(hidden, 1).out[0], 0);
}

TEST(Reference, SurvivesScoresThatExpCannotHold) {
  const Row q{1000};
  const std::vector<Row> k{{1000}, {-1000}}, v{{1}, {5}};
  EXPECT_EQ(reference_attention(ask(q, k, v), 1).out[0], 1);
}

TEST(Reference, LeavesRoomForPlainFloat32) {
  for (const std::int64_t n : {1, 7, 64, 600}) {
    constexpr std::int64_t kWidth = 64;
    const std::vector<float> q = normals(kWidth, 1), k = normals(n * kWidth, 2), v = normals(n, 3);
    ReferenceQuery query{.q = q, .scale = 0.125};
    std::vector<float> weight;
    float top = -INFINITY, sum = 0, out = 0;
    for (std::int64_t j = 0; j < n; ++j) {
      query.k.push_back(std::span(k).subspan(std::size_t(j * kWidth), kWidth));
      query.v.push_back(std::span(v).subspan(std::size_t(j), 1));
      float score = 0;
      for (std::size_t i = 0; i < kWidth; ++i) score += q[i] * query.k.back()[i];
      weight.push_back(score * 0.125f);
      top = std::max(top, weight.back());
    }
    for (float& w : weight) sum += w = std::exp(w - top);
    for (std::size_t j = 0; j < weight.size(); ++j) out += weight[j] * v[j];
    const ReferenceResult result = reference_attention(query, 1);
    EXPECT_NEAR(out / sum, result.out[0], result.tolerance) << n;
  }
}

// One weight is wrong by a thousandth. The bound holds for the worst rounding, so it grows with the width and with the
// scores; at these sizes it must still be below what the fault does.
TEST(Reference, HasAToleranceThatFindsAThousandthInOneWeight) {
  constexpr std::int64_t kWidth = 16, kRows = 8;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<float> q = normals(kWidth, seed), k = normals(kRows * kWidth, seed + 100);
    std::vector<float> v(kRows, -1.f);
    ReferenceQuery query{.q = q, .scale = 0.25};
    for (std::size_t j = 0; j < kRows; ++j) query.k.push_back(std::span(k).subspan(j * kWidth, kWidth));
    // The row that weighs most, but not all, is told apart by its value.
    std::size_t heaviest = 0;
    std::vector<double> weights;
    for (std::size_t j = 0; j < kRows; ++j) {
      std::vector<float> one(kRows, 0.f);
      one[j] = 1;
      query.v.clear();
      for (const float& x : one) query.v.push_back({&x, 1});
      weights.push_back(reference_attention(query, 1).out[0]);
      if (weights[j] > weights[heaviest]) heaviest = j;
    }
    v[heaviest] = 1;
    query.v.clear();
    for (const float& x : v) query.v.push_back({&x, 1});
    const ReferenceResult result = reference_attention(query, 1);
    const double w = weights[heaviest], faulty = (1.001 * w - (1 - w)) / (1.001 * w + 1 - w);
    EXPECT_GT(std::abs(faulty - result.out[0]), result.tolerance) << "seed " << seed << " weight " << w;
  }
}

}  // namespace
}  // namespace kvproof
