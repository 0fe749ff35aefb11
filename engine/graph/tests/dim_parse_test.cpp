// Text becomes the dimension that it says, or an error that says where.
#include "engine/graph/dim_parse.h"

#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

const Dim P = sym("P"), S = sym("S");

TEST(ParseDim, BindsAsArithmeticDoes) {
  EXPECT_EQ(parse_dim("42"), Dim(42));
  EXPECT_EQ(parse_dim(" P + 2*S - 1 "), P + S * 2 - 1);
  EXPECT_EQ(parse_dim("P - S - 1"), P - S - 1);
  EXPECT_EQ(parse_dim("8*S/2/2"), S * 2);
  EXPECT_EQ(parse_dim("-P*--2"), P * -2);
  EXPECT_EQ(parse_dim("2*(P+S)"), P * 2 + S * 2);
  EXPECT_EQ(parse_dim("max(P, min(S, 4)) + 1"), max(P, min(S, 4)) + 1);
  EXPECT_EQ(parse_dim("min*max"), sym("min") * sym("max"));
}

TEST(ParseDim, ReadsWhatDimsPrint) {
  for (const Dim& dim : {P * -1 + 3, (P + 1) / 2 * S, min(P, S / 3) - 7, P * P * S * 5}) {
    EXPECT_EQ(parse_dim(dim.str()), dim) << dim.str();
    EXPECT_EQ(parse_dim(dim.nested()), dim) << dim.nested();
  }
}

TEST(ParseDim, SaysInWhichColumnItStopped) {
  const auto refused = [](const std::string& text, const std::string& why) {
    expect_error(ErrorCode::kMalformed, why, [&] { (void)parse_dim(text); });
  };
  refused("", "column 1: expected a number, a symbol or '('");
  refused("P + ", "column 5: expected a number");
  refused("(P + S", "column 7: expected ')'");
  refused("P S", "column 3: expected an operator");
  refused("min(P)", "column 6: expected ','");
  refused("P + 9223372036854775808", "column 5: expected a number of at most 63 bits");
  refused("P / 0", "divided by zero");
  refused(std::string(65, '(') + "P" + std::string(65, ')'), "column 66: expected at most 64 levels");
  refused(std::string(5000, '-') + "1", "5001 characters");
}

TEST(ParseComparison, SaysWhatIsAtLeastZero) {
  EXPECT_EQ(parse_comparison("P >= 1").nonnegative(), (std::vector<Dim>{P - 1}));
  EXPECT_EQ(parse_comparison("P>1").nonnegative(), (std::vector<Dim>{P - 2}));
  EXPECT_EQ(parse_comparison("S+P < 4096").nonnegative(), (std::vector<Dim>{Dim(4095) - P - S}));
  EXPECT_EQ(parse_comparison("P <= S").nonnegative(), (std::vector<Dim>{S - P}));
  EXPECT_EQ(parse_comparison("P == 0").nonnegative(), (std::vector<Dim>{P, 0 - P}));
  expect_error(ErrorCode::kMalformed, "column 2: expected one of", [] { (void)parse_comparison("P"); });
  expect_error(ErrorCode::kMalformed, "column 3: expected one of", [] { (void)parse_comparison("P = 1"); });
}

}  // namespace
}  // namespace kvproof
