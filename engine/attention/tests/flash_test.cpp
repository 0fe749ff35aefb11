// Flash attention against the oracle: rules, masks, dtypes, and what NaN in a row may and may not touch.
#include "engine/attention/flash.h"

#include <cmath>

#include "engine/attention/tests/support.h"

namespace kvproof {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNaN = std::nanf("");

KVPROOF_EACH_PATH(Flash);

TEST_P(Flash, AttendsAsTheOracleUnderEveryRule) {
  const VisibleRule rules[] = {{},
                               {.window = 1},
                               {.window = 7},
                               {.window = 300},
                               {.window = 7, .sinks = 4},
                               {.window = 200, .sinks = 260},
                               {.kind = VisibleRule::Kind::kPolicy}};
  const StreamCase stream(600, 3, 24, 20, 1);
  for (const VisibleRule& rule : rules) {
    for (const auto& [first, tokens] : {std::pair(0, 1), {0, 70}, {250, 13}, {599, 1}, {511, 80}}) {
      SCOPED_TRACE(testing::Message() << "window " << rule.window << " sinks " << rule.sinks << " first " << first);
      stream.expect_right({.first = first, .tokens = tokens, .rule = rule});
    }
  }
}

TEST_P(Flash, ShowsEveryRowToEveryQueryWithoutCausality) {
  const StreamCase stream(300, 2, 16, 16, 2);
  stream.expect_right({.first = 290, .tokens = 10, .causal = false});
}

TEST_P(Flash, ServesUnevenHeadsAndWidths) {
  const StreamCase stream(530, 7, 80, 72, 3);
  stream.expect_right({.first = 500, .tokens = 30, .scale = 0.11f});
  for (const auto& [d, dv] : {std::pair(1, 1), {3, 5}, {5, 3}, {17, 33}, {256, 128}}) {
    StreamCase(270, 1, d, dv, 4).expect_right({.first = 265, .tokens = 5, .scale = 0.05f});
  }
}

TEST_P(Flash, CapsScores) {
  const StreamCase stream(300, 2, 32, 32, 5);
  for (const float cap : {0.5f, 5.f, 50.f})
    stream.expect_right({.first = 290, .tokens = 10, .scale = 1, .softcap = cap});
}

TEST_P(Flash, RoundsOnceToTheTypeOfTheQuery) {
  const StreamCase stream(300, 2, 32, 24, 6);
  for (const DType dtype : {DType::kF16, DType::kBF16})
    stream.expect_right({.first = 290, .tokens = 10, .dtype = dtype});
}

TEST_P(Flash, ObeysAMaskOfAnyBroadcastShape) {
  constexpr std::int64_t kTokens = 9, kRows = 520;
  const StreamCase stream(kRows, 3, 20, 20, 7);
  for (const DType dtype : {DType::kBool, DType::kF32}) {
    for (const int heads : {1, 5}) {
      for (const std::int64_t tokens : {std::int64_t(1), kTokens}) {
        const Tensor values = random_mask(dtype, heads, tokens, kRows);
        const Mask mask{values.view()};
        SCOPED_TRACE(testing::Message() << name_of(dtype) << " " << values.shape().str());
        stream.expect_right({.first = kRows - kTokens, .tokens = kTokens, .mask = &mask, .head = 2});
        stream.expect_right({.first = kRows - kTokens,
                             .tokens = kTokens,
                             .rule = {.window = 40, .sinks = 3},
                             .mask = &mask,
                             .head = 2});
        stream.expect_right({.first = kRows - kTokens, .tokens = kTokens, .softcap = 3, .mask = &mask});
      }
    }
  }
}

TEST_P(Flash, IgnoresNaNInRowsThatARuleHides) {
  const Asked asked{.first = 258, .tokens = 8, .rule = {.window = 5, .sinks = 2}};
  StreamCase stream(300, 2, 20, 20, 8);
  const std::vector<float> clean = stream.attend(asked);
  for (std::int64_t row = 0; row < stream.rows(); ++row) {
    if (row < 2 || (row > 258 - 5 && row <= 265)) continue;
    std::fill_n(stream.key(row), 20, kNaN);
    std::fill_n(stream.value(row), 20, kNaN);
  }
  EXPECT_TRUE(same_bits(stream.attend(asked), clean));
}

TEST_P(Flash, KeepsNaNFromQueriesThatDoNotSeeItsRow) {
  StreamCase stream(300, 1, 20, 20, 9);
  const Asked asked{.first = 250, .tokens = 12, .rule = {.window = 4}};
  const std::vector<float> clean = stream.attend(asked);
  for (const bool of_key : {true, false}) {
    StreamCase hurt(300, 1, 20, 20, 9);
    (of_key ? hurt.key(254) : hurt.value(254))[0] = kNaN;
    const std::vector<float> out = hurt.attend(asked);
    for (std::int64_t i = 0; i < asked.tokens; ++i) {
      const bool sees = asked.rule.sees(asked.first + i, 254);
      const float* row = &out[std::size_t(i * 20)];
      EXPECT_EQ(std::isnan(row[0]), sees) << i;
      if (!sees) {
        EXPECT_TRUE(same_bits(row, &clean[std::size_t(i * 20)], 20)) << i;
      }
    }
  }
}

TEST_P(Flash, IgnoresNaNAndInfinityInRowsThatAMaskHides) {
  constexpr std::int64_t kRows = 300;
  for (const DType dtype : {DType::kBool, DType::kF32}) {
    const Tensor values = random_mask(dtype, 1, 1, kRows);
    const Mask mask{values.view()};
    const Asked asked{.first = kRows - 3, .tokens = 3, .mask = &mask};
    StreamCase stream(kRows, 2, 20, 20, 10);
    const std::vector<float> clean = stream.attend(asked);
    for (std::int64_t row = 0; row < kRows - 3; ++row) {
      const bool seen = dtype == DType::kBool ? values.as<bool>()[row] : values.as<float>()[row] > -kInf;
      if (seen) continue;
      std::fill_n(stream.key(row), 20, row % 2 ? kNaN : kInf);
      std::fill_n(stream.value(row), 20, row % 2 ? kNaN : kInf);
    }
    EXPECT_TRUE(same_bits(stream.attend(asked), clean)) << name_of(dtype);
  }
}

TEST_P(Flash, IgnoresWhatAMaskSaysOfTokensThatAreNotVisible) {
  constexpr std::int64_t kRows = 300, kTokens = 10;
  const StreamCase stream(kRows, 2, 20, 20, 12);
  Tensor values(DType::kF32, {1, 1, kTokens, kRows});
  std::fill_n(values.as<float>(), kTokens * kRows, 0.f);
  const Mask mask{values.view()};
  const Asked asked{.first = kRows - kTokens, .tokens = kTokens, .rule = {.window = 40}, .mask = &mask};
  const std::vector<float> clean = stream.attend(asked);
  for (std::int64_t i = 0; i < kTokens; ++i) {
    for (std::int64_t row = 0; row < kRows; ++row) {
      if (!asked.rule.sees(asked.first + i, row)) values.as<float>()[i * kRows + row] = row % 2 ? kNaN : kInf;
    }
  }
  EXPECT_TRUE(same_bits(stream.attend(asked), clean));
}

TEST_P(Flash, GivesZerosWhereNothingIsVisible) {
  constexpr std::int64_t kRows = 300;
  const StreamCase stream(kRows, 2, 20, 20, 11);
  Tensor none(DType::kBool, {1, 1, 1, kRows});
  std::fill_n(none.as<bool>(), kRows, false);
  Tensor minus(DType::kF32, {1, 1, 1, kRows});
  std::fill_n(minus.as<float>(), kRows, -kInf);
  for (const Tensor* values : {&none, &minus}) {
    const Mask mask{values->view()};
    for (const float x : stream.attend({.first = kRows - 2, .tokens = 2, .mask = &mask})) EXPECT_EQ(x, 0);
  }
  for (const float x : stream.attend({.first = 5}, Segments{})) EXPECT_EQ(x, 0) << "no segment at all";
  for (const float x : stream.attend({.first = 5}, {stream.segment(10, 20)})) EXPECT_EQ(x, 0) << "only the future";
}

TEST_P(Flash, AttendsWhatStandsBehindAPieceThatIsHiddenWhole) {
  constexpr std::int64_t kRows = 600;
  for (const DType dtype : {DType::kBool, DType::kF32}) {
    for (const std::int64_t piece : {0, 1, 2}) {
      Tensor values(dtype, {1, 1, 1, kRows});
      for (std::int64_t i = 0; i < kRows; ++i) {
        const bool hidden = i / kPiece == piece;
        if (dtype == DType::kBool) {
          values.as<bool>()[i] = !hidden;
        } else {
          values.as<float>()[i] = hidden ? -kInf : 0;
        }
      }
      const Mask mask{values.view()};
      SCOPED_TRACE(testing::Message() << name_of(dtype) << " piece " << piece);
      StreamCase(kRows, 2, 20, 20, 12).expect_right({.first = kRows - 1, .mask = &mask});
    }
  }
}

TEST_P(Flash, LetsNaNInAVisibleRowReachTheOutputWhereverItStands) {
  for (const Position window : {Position(1), Position(4), Position(300), VisibleRule::kAll}) {
    for (const std::int64_t row : {250, 255, 256, 259, 261}) {
      for (const bool of_key : {true, false}) {
        StreamCase stream(300, 1, 20, 20, 13);
        float* to = of_key ? stream.key(row) : stream.value(row);
        std::fill_n(to, 20, kNaN);
        const Asked asked{.first = 250, .tokens = 12, .rule = {.window = window}};
        const std::vector<float> out = stream.attend(asked);
        for (std::int64_t i = 0; i < asked.tokens; ++i) {
          EXPECT_EQ(std::isnan(out[std::size_t(i * 20)]), asked.rule.sees(250 + i, row))
              << "window " << window << " row " << row << " query " << 250 + i << (of_key ? " key" : " value");
        }
      }
    }
  }
}

TEST_P(Flash, LetsNaNBehindAHiddenPieceReachTheOutput) {
  Tensor values(DType::kBool, {1, 1, 1, 257});
  std::fill_n(values.as<bool>(), 257, false);
  values.as<bool>()[256] = true;
  const Mask mask{values.view()};
  StreamCase stream(257, 1, 20, 20, 14);
  std::fill_n(stream.key(256), 20, kNaN);
  for (const float x : stream.attend({.first = 256, .mask = &mask})) EXPECT_TRUE(std::isnan(x)) << x;
}

TEST_P(Flash, FindsSparsePositions) {
  StreamCase stream(400, 2, 20, 20, 15);
  std::vector<Position> positions;
  for (std::int64_t i = 0; i < 400; ++i) positions.push_back(i * 3 + i % 2);
  stream.stand_at(positions);
  for (const VisibleRule& rule : {VisibleRule{}, {.window = 50}, {.window = 30, .sinks = 10}, {.window = 1}}) {
    SCOPED_TRACE(testing::Message() << "window " << rule.window);
    stream.expect_right({.first = 700, .tokens = 9, .rule = rule});
    stream.expect_right({.first = 1198, .tokens = 1, .rule = rule});
  }
}

}  // namespace
}  // namespace kvproof
