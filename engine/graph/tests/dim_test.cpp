// Dims are equal where they are equal as polynomials, and mean what their operations mean on integers.
#include "engine/graph/dim.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/base/error.h"
#include "engine/base/random.h"

namespace kvproof {
namespace {

const Dim P = Dim::symbol("P"), S = Dim::symbol("S"), H = Dim::symbol("H");

TEST(Dim, SumsAndProductsHaveOneForm) {
  EXPECT_EQ(P + S, S + P);
  EXPECT_EQ((P + S) * 2 - P, P + S * 2);
  EXPECT_EQ((P + 1) * (P - 1), P * P - 1);
  EXPECT_EQ(P - P, Dim(0));
  EXPECT_NE(P, S);
  EXPECT_NE(P * P, P);
}

TEST(Dim, IsPrintedForPeopleAndForNnef) {
  EXPECT_EQ(Dim().str(), "0");
  EXPECT_EQ((S * 2 + P - 1).str(), "P + 2*S - 1");
  EXPECT_EQ((S * 2 + P - 1).nested(), "((P + (2 * S)) - 1)");
  EXPECT_EQ((P * -1 + 3).str(), "-1*P + 3");
  EXPECT_EQ(((P + 1) / 2).str(), "((P + 1)/2)");
  EXPECT_EQ(((P + 1) / 2 + S).nested(), "(((P + 1) / 2) + S)");
  EXPECT_EQ(Dim(std::numeric_limits<std::int64_t>::min()).str(), "-9223372036854775808");
  EXPECT_EQ((P + std::numeric_limits<std::int64_t>::min()).str(), "P - 9223372036854775808");
}

TEST(Dim, QuotientsComeOutWhereTheyCan) {
  EXPECT_EQ((P * 6) / 3, P * 2);
  EXPECT_EQ((P * H) / H, P);
  EXPECT_EQ((P * H * 4 + H * 2) / (H * 2), P * 2 + 1);
  EXPECT_EQ((P + S) / (P + S), Dim(1));
  EXPECT_EQ(Dim(-7) / 2, Dim(-3));  // towards zero
  EXPECT_EQ((P + 1) / 2, (P + 1) / 2);
  EXPECT_NE((P + 1) / 2, P / 2);
  EXPECT_EQ(((P + 1) / 2).evaluate({{"P", 4}}), 2);
}

TEST(Dim, MinimumAndMaximumComeOutWhereTheGapIsKnown) {
  EXPECT_EQ(min(P, P + 1), P);
  EXPECT_EQ(max(P, P + 1), P + 1);
  EXPECT_EQ(min(P, S), min(S, P));
  EXPECT_EQ(min(P, S).evaluate({{"P", 3}, {"S", 2}}), 2);
  EXPECT_EQ(max(P, S).substitute({{"S", P + 2}}), P + 2);
}

TEST(Dim, KnowsItsSymbols) {
  EXPECT_EQ((P * S / H + 1).symbols(), (std::set<std::string>{"H", "P", "S"}));
  EXPECT_EQ(P.bare_symbol(), "P");
  EXPECT_FALSE((P + 1).bare_symbol());
  EXPECT_FALSE((P * 2).bare_symbol());
  EXPECT_FALSE((P / 2).bare_symbol());
  EXPECT_EQ(Dim(7).integer(), 7);
  EXPECT_FALSE(P.integer());
}

TEST(Dim, SubstitutionGoesIntoQuotients) {
  EXPECT_EQ(((P + 1) / 2).substitute({{"P", S * 2 - 1}}), S);
  EXPECT_EQ((P + S).substitute({{"P", 0}}), S);
}

TEST(Dim, RefusesWhatHasNoValue) {
  EXPECT_THROW((void)(P + S).evaluate({{"P", 1}}), Error);
  EXPECT_THROW((void)(P / 0), Error);
  EXPECT_THROW((void)(Dim(1) / P).evaluate({{"P", 0}}), Error);
  EXPECT_THROW((void)Dim::symbol("2x"), Error);
  EXPECT_THROW((void)Dim::symbol(""), Error);
  EXPECT_THROW((void)(Dim(std::numeric_limits<std::int64_t>::max()) + 1), Error);
  EXPECT_THROW((void)(Dim(std::int64_t(1) << 40) * (std::int64_t(1) << 40)), Error);
  EXPECT_THROW((void)(Dim(std::numeric_limits<std::int64_t>::min()) / -1), Error);
}

TEST(Dim, RefusesToGrowWithoutBound) {
  const auto repeat = [](Dim (*step)(const Dim&)) {
    Dim dim = P;
    for (int i = 0; i < 10000; ++i) dim = step(dim);
  };
  EXPECT_THROW(repeat([](const Dim& d) { return d * d; }), Error);
  EXPECT_THROW(repeat([](const Dim& d) { return (d / 3) * (d / 5); }), Error);
  EXPECT_THROW(repeat([](const Dim& d) { return (d + 1) / 2; }), Error);
  EXPECT_THROW(repeat([](const Dim& d) { return max(d * 2, S); }), Error);
}

// A random expression beside its value under random bindings.
struct Grown {
  Dim dim;
  std::int64_t value;
};

Grown grow(Random& random, const Bindings& bindings, int depth) {
  if (depth == 0 || random.integer(0, 3) == 0) {
    const std::int64_t pick = random.integer(0, 5);
    if (pick >= std::int64_t(bindings.size())) return {Dim(pick - 4), pick - 4};
    const auto at = std::next(bindings.begin(), pick);
    return {Dim::symbol(at->first), at->second};
  }
  const Grown a = grow(random, bindings, depth - 1), b = grow(random, bindings, depth - 1);
  switch (random.integer(0, 5)) {
    case 0:
      return {a.dim + b.dim, a.value + b.value};
    case 1:
      return {a.dim - b.dim, a.value - b.value};
    case 2:
      return {a.dim * b.dim, a.value * b.value};
    case 3:
      return {min(a.dim, b.dim), std::min(a.value, b.value)};
    case 4:
      return {max(a.dim, b.dim), std::max(a.value, b.value)};
    default:
      return b.value == 0 || b.dim == Dim(0) ? a : Grown{a.dim / b.dim, a.value / b.value};
  }
}

TEST(Dim, MeansWhatItsOperationsMeanOnIntegers) {
  Random random(5);
  for (int i = 0; i < 3000; ++i) {
    const Bindings bindings = {{"P", random.integer(-3, 9)}, {"S", random.integer(1, 9)}, {"H", random.integer(1, 5)}};
    const Grown grown = grow(random, bindings, 4);
    ASSERT_EQ(grown.dim.evaluate(bindings), grown.value) << grown.dim.str();
  }
}

TEST(Assumptions, ImplyWhatFollowsFromThem) {
  Assumptions known;
  known.at_least(P, 0);
  known.at_least(S, 1);
  EXPECT_TRUE(known.implies_at_least(P + S, 1));
  EXPECT_TRUE(known.implies_at_least(P * S, 0));
  EXPECT_TRUE(known.implies_at_least(P + S, P));
  EXPECT_FALSE(known.implies_at_least(P, 1));
  EXPECT_FALSE(known.implies_at_least(P, S));
  EXPECT_FALSE(known.implies_at_least(H, 0));
  known.at_least(H, P + S);
  EXPECT_TRUE(known.implies_at_least(H, P));
  EXPECT_TRUE(known.implies_at_least(H + 1, P + S));
}

}  // namespace
}  // namespace kvproof
