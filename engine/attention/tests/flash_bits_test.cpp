// The bits of an output depend on its query and the rows that it sees: not on segments, slots, threads or neighbours.
#include <tbb/task_arena.h>

#include <algorithm>
#include <utility>

#include "engine/attention/tests/support.h"

namespace kvproof {
namespace {

const VisibleRule kRules[] = {
    {}, {.window = 5}, {.window = 300}, {.window = 5, .sinks = 3}, {.window = 9, .sinks = 257}};

// The rows of query i of [group,tokens,dv].
std::vector<float> of_query(const StreamCase& stream, const std::vector<float>& out, std::int64_t tokens,
                            std::int64_t i) {
  std::vector<float> rows;
  for (int h = 0; h < stream.group(); ++h) {
    const auto from = out.begin() + (h * tokens + i) * stream.dv();
    rows.insert(rows.end(), from, from + stream.dv());
  }
  return rows;
}

KVPROOF_EACH_PATH(FlashBits);

TEST_P(FlashBits, AreTheSameForAnyCutIntoSegments) {
  const StreamCase stream(700, 3, 20, 24, 1);
  Random random(2);
  for (const VisibleRule& rule : kRules) {
    for (const std::int64_t tokens : {1, 40}) {
      const Asked asked{.first = 700 - tokens, .tokens = tokens, .rule = rule};
      const std::vector<float> whole = stream.attend(asked);
      for (int round = 0; round < 20; ++round) {
        std::vector<std::int64_t> cuts;
        for (std::int64_t i = 0; i < random.integer(1, 12); ++i) cuts.push_back(random.integer(1, 699));
        std::sort(cuts.begin(), cuts.end());
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        ASSERT_TRUE(same_bits(stream.attend(asked, stream.segments(cuts)), whole))
            << "window " << rule.window << " tokens " << tokens << " round " << round;
      }
    }
  }
}

TEST_P(FlashBits, AreTheSameWithoutTheRowsThatNoQuerySees) {
  const StreamCase stream(600, 2, 20, 20, 3);
  for (const std::int64_t window : {1, 5, 90, 300}) {
    const Asked asked{.first = 590, .tokens = 10, .rule = {.window = window}};
    const std::vector<float> whole = stream.attend(asked);
    for (std::int64_t first = 0; first <= 590 - window + 1; first += 37) {
      EXPECT_TRUE(same_bits(stream.attend(asked, {stream.segment(first, 600)}), whole)) << window << " from " << first;
    }
  }
}

// Serial: too little work. Split: few tiles, several pieces. Tiles: more than four for each thread.
TEST_P(FlashBits, AreTheSameForAnyNumberOfThreads) {
  const StreamCase stream(1300, 7, 80, 72, 4);
  for (const auto& [first, tokens] : {std::pair(3, 1), {1299, 1}, {1290, 10}, {900, 400}}) {
    for (const VisibleRule& rule : kRules) {
      const Asked asked{.first = first, .tokens = tokens, .rule = rule};
      std::vector<float> serial;
      tbb::task_arena(1).execute([&] { serial = stream.attend(asked); });
      for (const int threads : {2, 3, 8}) {
        std::vector<float> out;
        tbb::task_arena(threads).execute([&] { out = stream.attend(asked); });
        EXPECT_TRUE(same_bits(out, serial)) << threads << " threads, first " << first << " window " << rule.window;
      }
    }
  }
}

TEST_P(FlashBits, AreTheSameInPrefillAndInDecode) {
  const StreamCase stream(520, 3, 20, 24, 5);
  for (const VisibleRule& rule : kRules) {
    for (const auto& [first, last] : {std::pair(0, 40), {250, 262}, {510, 516}}) {
      const std::int64_t tokens = last - first + 1;
      const std::vector<float> together = stream.attend({.first = first, .tokens = tokens, .rule = rule});
      for (std::int64_t i = 0; i < tokens; ++i) {
        const std::vector<float> alone = stream.attend({.first = first + i, .rule = rule});
        ASSERT_TRUE(same_bits(of_query(stream, together, tokens, i), alone))
            << "window " << rule.window << " sinks " << rule.sinks << " query " << first + i;
      }
    }
  }
}

TEST_P(FlashBits, AreTheSameInPrefillAndInDecodeForOutputsThatUnderflow) {
  StreamCase stream(300, 1, 16, 16, 6);
  for (std::int64_t row = 0; row < 300; ++row) std::fill_n(stream.value(row), 16, row % 2 ? -1e-45f : 0.f);
  const VisibleRule rule{.window = 3};
  const std::vector<float> together = stream.attend({.first = 250, .tokens = 12, .rule = rule, .scale = 3});
  for (std::int64_t i = 0; i < 12; ++i) {
    const std::vector<float> alone = stream.attend({.first = 250 + i, .rule = rule, .scale = 3});
    EXPECT_TRUE(same_bits(of_query(stream, together, 12, i), alone)) << 250 + i;
  }
}

TEST_P(FlashBits, AreTheSameUnderAMaskAloneOrTogether) {
  constexpr std::int64_t kTokens = 13, kRows = 520;
  const StreamCase stream(kRows, 2, 20, 20, 7);
  Tensor values(DType::kF32, {1, 1, kTokens, kRows});
  Random random(8);
  for (std::int64_t i = 0; i < kTokens * kRows; ++i) {
    values.as<float>()[i] = random.integer(0, 3) ? float(random.normal()) : -std::numeric_limits<float>::infinity();
  }
  std::fill_n(values.as<float>(), 300, -std::numeric_limits<float>::infinity());
  const Mask mask{values.view()};
  const std::vector<float> together = stream.attend({.first = kRows - kTokens, .tokens = kTokens, .mask = &mask});
  for (std::int64_t i = 0; i < kTokens; ++i) {
    const Mask row{{DType::kF32, {1, 1, 1, kRows}, values.view().data + std::size_t(i * kRows) * 4}};
    const std::vector<float> alone = stream.attend({.first = kRows - kTokens + i, .mask = &row});
    EXPECT_TRUE(same_bits(of_query(stream, together, kTokens, i), alone)) << i;
  }
}

TEST_P(FlashBits, AreTheSameForEqualRowsWithAndWithoutAMaskThatShowsAll) {
  constexpr std::int64_t kRows = 300;
  const StreamCase stream(kRows, 2, 20, 20, 9);
  Tensor all(DType::kBool, {1, 1, 1, kRows});
  std::fill_n(all.as<bool>(), kRows, true);
  const Mask mask{all.view()};
  const Asked plain{.first = 290, .tokens = 10};
  Asked masked = plain;
  masked.mask = &mask;
  EXPECT_TRUE(same_bits(stream.attend(masked), stream.attend(plain)));
}

}  // namespace
}  // namespace kvproof
