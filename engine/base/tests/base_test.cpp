// The generator's stream is fixed for ever; geometries are refused with a reason; checks can be caught.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/base/error.h"
#include "engine/base/geometry.h"
#include "engine/base/random.h"
#include "engine/base/tests/throwing_checks.h"
#include "engine/base/units.h"

namespace kvproof {
namespace {

TEST(Random, GivesThePublishedStreamOfSplitMix64) {
  Random zero(0);
  EXPECT_EQ(zero.bits(), 0xe220a8397b1dcdafull);
  EXPECT_EQ(zero.bits(), 0x6e789e6aa1b965f4ull);
  EXPECT_EQ(zero.bits(), 0x06c45d188009454full);
  Random other(1234567);
  EXPECT_EQ(other.bits(), 6457827717110365317ull);
  EXPECT_EQ(other.bits(), 3203168211198807973ull);
}

TEST(Random, ContinuesTheSameStreamInACopy) {
  Random a(7);
  a.bits();
  Random b = a;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.bits(), b.bits());
}

TEST(Random, DrawsIntegersFromBothEndsOfEveryRange) {
  Random random(3);
  bool low = false, high = false;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t x = random.integer(-2, 2);
    ASSERT_TRUE(x >= -2 && x <= 2);
    low = low || x == -2;
    high = high || x == 2;
  }
  EXPECT_TRUE(low && high);
  EXPECT_EQ(random.integer(5, 5), 5);
  EXPECT_NO_THROW(random.integer(INT64_MIN, INT64_MAX));
  const ThrowingChecks checks;
  EXPECT_THROW(random.integer(1, 0), CheckFailed);
}

TEST(Random, HasTheMomentsOfTheDistributionsItNames) {
  Random random(11);
  constexpr int kDraws = 100000;
  double uniform = 0, sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform(), x = random.normal();
    ASSERT_TRUE(u >= 0 && u < 1);
    ASSERT_TRUE(std::isfinite(x));
    uniform += u, sum += x, squares += x * x;
  }
  // Five standard errors: 0.289, 1 and 1.414 over the root of the draws.
  const double error = 5 / std::sqrt(double(kDraws));
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.289 * error);
  EXPECT_NEAR(sum / kDraws, 0, error);
  EXPECT_NEAR(squares / kDraws, 1, 1.415 * error);
}

TEST(Random, MixesNamesAsFnv1aDoes) {
  EXPECT_EQ(hash_name(""), 0xcbf29ce484222325ull);
  EXPECT_EQ(hash_name("a"), 0xaf63dc4c8601ec8cull);
  EXPECT_EQ(hash_name("foobar"), 0x85944171f73967e8ull);
  EXPECT_NE(hash_name("a", 1), hash_name("a", 2));
}

// The message of the Error that `text` causes, or nothing.
std::string refusal(const std::string& text) {
  try {
    parse_geometry(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage) << text;
    return error.what();
  }
  return "";
}

TEST(Geometry, ReadsWhatItWrites) {
  const Geometry g{.batch = 2, .q_heads = 6, .kv_heads = 3, .d = 80, .dv = 72};
  EXPECT_EQ(str(g), "B=2,Hq=6,Hkv=3,D=80,Dv=72");
  EXPECT_EQ(parse_geometry(str(g)), g);
  EXPECT_EQ(g.group(), 2);
  EXPECT_EQ(g.streams(), 6);
}

TEST(Geometry, LetsDvAndHkvFollowTheAxisThatIsNamedAlone) {
  const Geometry base{.batch = 2, .q_heads = 8, .kv_heads = 2, .d = 64, .dv = 32};
  EXPECT_EQ(parse_geometry("", base), base);
  EXPECT_EQ(parse_geometry("D=16", base).dv, 16);
  EXPECT_EQ(parse_geometry("D=16,Dv=8", base).dv, 8);
  EXPECT_EQ(parse_geometry("Dv=8", base).d, 64);
  EXPECT_EQ(parse_geometry("Hq=5", base).kv_heads, 5);
  EXPECT_EQ(parse_geometry("Hkv=4,Hq=4,B=1", base), (Geometry{1, 4, 4, 64, 32}));
  EXPECT_EQ(parse_geometry("Dv=0").dv, 0) << "a cache of one tensor";
}

TEST(Geometry, NamesWhatIsWrongWithAText) {
  const char* const cases[][2] = {{"B", "no '='"},
                                  {"B=", "whole number"},
                                  {"B=1x", "'1x'"},
                                  {"B= 1", "' 1'"},
                                  {"B=99999999999999999999", "99999999999999999999"},
                                  {"X=1", "'X'"},
                                  {"b=1", "'b'"},
                                  {"B=1,,D=2", "no '='"},
                                  {"B=0", "between 1 and"},
                                  {"D=-1", "D=-1"},
                                  {"Dv=-1", "between 0 and"},
                                  {"D=1048577", "1048577"},
                                  {"Hq=3,Hkv=2", "multiple"},
                                  {"Hq=0,Hkv=1", "between 1 and"},
                                  {"B=1024,Hkv=1025", "B x Hkv"}};
  for (const auto& [text, expected] : cases) {
    const std::string message = refusal(text);
    EXPECT_NE(message.find(expected), std::string::npos) << text << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  EXPECT_EQ(refusal("B=1024,Hq=1024,Hkv=1024"), "") << "the largest number of streams";
}

TEST(Units, CatchProductsThatOverflow) {
  std::size_t product = 0;
  EXPECT_TRUE(multiply_sizes(std::size_t(1) << 31, std::size_t(1) << 32, product));
  EXPECT_EQ(product, std::size_t(1) << 63);
  EXPECT_FALSE(multiply_sizes(std::size_t(1) << 32, std::size_t(1) << 32, product));
  EXPECT_EQ(ceil_div(0, 4), 0);
  EXPECT_EQ(ceil_div(1, 4), 1);
  EXPECT_EQ(ceil_div(8, 4), 2);
}

TEST(Check, CallsTheHandlerThatWasSetAndRestoresTheOther) {
  const CheckHandler before = set_check_handler(nullptr);
  set_check_handler(before);
  {
    const ThrowingChecks checks;
    EXPECT_THROW(KVPROOF_CHECK(1 == 2), CheckFailed);
    EXPECT_NO_THROW(KVPROOF_CHECK(1 == 1));
  }
  EXPECT_EQ(set_check_handler(before), before);
}

struct Pair {
  double a, b;
};
Pair rounded(const double* x) { return {double(float(x[0])), double(float(x[1]))}; }

TEST(Roundings, OfNeighboursAreKept) {
  const double third[] = {1. / 3, 2. / 3};
  const volatile float a = float(third[0]), b = float(third[1]);
  Pair (*const volatile call)(const double*) = rounded;  // so that the compiler cannot compute it by itself
  const Pair pair = call(third);
  EXPECT_EQ(pair.a, double(a));
  EXPECT_EQ(pair.b, double(b));
}

}  // namespace
}  // namespace kvproof
