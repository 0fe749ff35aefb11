// What each row receives, against the softmax in float64: rules, masks, caps, pieces, and the number of threads.
#include "engine/attention/weights.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <numeric>

#include "engine/attention/tests/support.h"

namespace kvproof {
namespace {

const float kNaN = std::nanf("");

KVPROOF_EACH_PATH(Weights);

TEST_P(Weights, AreTheSoftmaxUnderEveryRule) {
  const VisibleRule rules[] = {{}, {.window = 7}, {.window = 300}, {.window = 7, .sinks = 4}};
  const StreamCase stream(600, 3, 24, 8, 1);
  for (const VisibleRule& rule : rules) {
    for (const auto& [first, tokens] : {std::pair(0, 1), {0, 70}, {250, 13}, {599, 1}, {511, 80}}) {
      SCOPED_TRACE(testing::Message() << "window " << rule.window << " sinks " << rule.sinks << " first " << first);
      stream.expect_right_weights({.first = first, .tokens = tokens, .rule = rule});
    }
  }
  stream.expect_right_weights({.first = 590, .tokens = 10, .causal = false});
}

TEST_P(Weights, AreThoseOfTheLastQueriesAsked) {
  const StreamCase stream(600, 3, 24, 8, 2);
  for (const std::int64_t weighed : {0, 1, 5, 79, 80, 81, 1000}) {
    SCOPED_TRACE(weighed);
    stream.expect_right_weights({.first = 520, .tokens = 80, .weighed = weighed});
  }
}

TEST_P(Weights, SumToOneForEveryQueryHead) {
  const StreamCase stream(700, 7, 16, 16, 3);
  for (const auto& [first, tokens] : {std::pair(699, 1), {0, 700}, {255, 40}}) {
    const std::vector<float> w = stream.weigh({.first = first, .tokens = tokens});
    const double heads = 7.0 * tokens;
    // Each weight is right within n + 16 units; a running sum of `heads` terms is rounded as often.
    EXPECT_NEAR(std::accumulate(w.begin(), w.end(), 0.0), heads, heads * (700 + 16 + heads) * kUnit) << first;
  }
}

TEST_P(Weights, HeedScaleAndCap) {
  const StreamCase stream(300, 2, 32, 32, 4);
  for (const float cap : {0.f, 0.5f, 5.f})
    stream.expect_right_weights({.first = 290, .tokens = 10, .scale = 0.7f, .softcap = cap});
}

TEST_P(Weights, HeedAMask) {
  constexpr std::int64_t kTokens = 9, kRows = 520;
  const StreamCase stream(kRows, 3, 20, 20, 5);
  for (const DType dtype : {DType::kBool, DType::kF32}) {
    const Tensor values = random_mask(dtype, 5, kTokens, kRows);
    const Mask mask{values.view()};
    SCOPED_TRACE(name_of(dtype));
    const Asked asked{.first = kRows - kTokens, .tokens = kTokens, .mask = &mask, .head = 2};
    stream.expect_right_weights(asked);
    Asked windowed = asked;
    windowed.rule = {.window = 40, .sinks = 3};
    stream.expect_right_weights(windowed);
  }
}

TEST_P(Weights, FollowTheOrderInWhichRowsAreListed) {
  StreamCase stream(400, 2, 20, 20, 6);
  std::vector<Position> positions(400);
  for (std::int64_t i = 0; i < 400; ++i) positions[std::size_t(i)] = (i * 7) % 400;
  stream.stand_at(positions);
  const VisibleRule policy{.kind = VisibleRule::Kind::kPolicy};
  stream.expect_right({.first = 400, .tokens = 9, .rule = policy});
  stream.expect_right_weights({.first = 400, .tokens = 9, .rule = policy});
  const Tensor values = random_mask(DType::kF32, 1, 9, 409);
  const Mask mask{values.view()};
  stream.expect_right({.first = 400, .tokens = 9, .rule = policy, .mask = &mask});
  stream.expect_right_weights({.first = 400, .tokens = 9, .rule = policy, .mask = &mask});
}

TEST_P(Weights, AreZeroForRowsAndQueriesThatSeeNothing) {
  const StreamCase stream(300, 2, 20, 20, 7);
  Tensor none(DType::kBool, {1, 1, 1, 300});
  std::fill_n(none.as<bool>(), 300, false);
  const Mask mask{none.view()};
  for (const float w : stream.weigh({.first = 290, .tokens = 10, .mask = &mask})) EXPECT_EQ(w, 0);
  const std::vector<float> early = stream.weigh({.first = 3, .tokens = 2});
  for (std::size_t row = 5; row < early.size(); ++row) EXPECT_EQ(early[row], 0) << row;
}

TEST_P(Weights, TakeNothingFromAQueryThatMeetsNaN) {
  StreamCase stream(300, 2, 20, 20, 8);
  const Asked clean{.first = 280, .tokens = 5};
  const std::vector<float> expected = stream.weigh(clean);
  stream.key(285)[0] = kNaN;
  const std::vector<float> got = stream.weigh({.first = 280, .tokens = 9});
  EXPECT_TRUE(same_bits(got.data(), expected.data(), std::int64_t(got.size())));
}

TEST_P(Weights, HaveTheSameBitsForAnyNumberOfThreadsAndAnyCut) {
  const tbb::global_control more_than_cores(tbb::global_control::max_allowed_parallelism, 8);
  const StreamCase stream(1300, 7, 80, 72, 9);
  for (const auto& [first, tokens] : {std::pair(1299, 1), {1290, 10}, {900, 400}}) {
    const Asked asked{.first = first, .tokens = tokens};
    std::vector<float> serial;
    tbb::task_arena(1).execute([&] { serial = stream.weigh(asked); });
    for (const int threads : {2, 8}) {
      std::vector<float> w;
      tbb::task_arena(threads).execute([&] { w = stream.weigh(asked); });
      EXPECT_TRUE(same_bits(w, serial)) << threads << " threads, first " << first;
    }
    EXPECT_TRUE(same_bits(stream.weigh(asked, stream.segments({1, 255, 600, 601})), serial)) << first;
  }
}

TEST_P(Weights, LeaveEveryBitOfTheOutputAsItIs) {
  const StreamCase stream(700, 3, 24, 20, 10);
  for (const auto& [first, tokens] : {std::pair(699, 1), {600, 100}, {0, 700}}) {
    const Asked asked{.first = first, .tokens = tokens};
    std::vector<float> out;
    (void)stream.weigh(asked, stream.segments(), &out);
    EXPECT_TRUE(same_bits(out, stream.attend(asked))) << first;
  }
}

}  // namespace
}  // namespace kvproof
