// What a step does and refuses, for every built-in strategy.
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <cmath>

#include "engine/base/parallel.h"
#include "engine/base/tests/throwing_checks.h"
#include "engine/cache/tests/support.h"

namespace kvproof {
namespace {

class EachSpec : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<KvCache> make(const Geometry& g = kSmall) const { return make_cache(GetParam(), g); }
  VisibleRule rule() const {
    const Params params = parse_spec(GetParam());
    return params.strategy().contract(params).visible;
  }
  bool is_policy() const { return rule().kind == VisibleRule::Kind::kPolicy; }
};

INSTANTIATE_TEST_SUITE_P(Step, EachSpec, ::testing::ValuesIn(kSpecs), [](const auto& spec) {
  std::string name = spec.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

TEST_P(EachSpec, DoesNothingForNoTokens) {
  const auto cache = make();
  const Tokens tokens(kSmall, 6);
  tokens.feed(*cache, 0, 6);
  const Bytes before = saved(*cache);
  EXPECT_TRUE(tokens.feed(*cache, 3, 3).empty());
  EXPECT_EQ(cache->step({}), OpStatus::kDone);
  EXPECT_EQ(saved(*cache), before);
}

TEST_P(EachSpec, StoresTheSameBytesWhetherOrNotItIsAsked) {
  if (is_policy()) return;  // what a policy keeps may follow from what was asked
  const auto asked = make(), silent = make();
  const Tokens tokens(kSmall, 11);
  for (const auto& [begin, end] : {std::pair(0, 3), {3, 4}, {4, 11}}) {
    tokens.feed(*asked, begin, end);
    EXPECT_EQ(silent->step(tokens.turn(begin, end).append_only()), OpStatus::kDone);
    EXPECT_EQ(silent->seen_tokens(), end);
  }
  EXPECT_EQ(saved(*silent), saved(*asked));
}

TEST_P(EachSpec, AnswersTheLastPositionAgainAndChangesNothing) {
  const auto cache = make();
  const Tokens tokens(kSmall, 11);
  tokens.feed(*cache, 0, 10);
  const Bytes last = tokens.feed(*cache, 10, 11), before = saved(*cache);
  Turn again = tokens.turn(10, 11);
  EXPECT_EQ(cache->step(again.ask()), is_policy() ? OpStatus::kRefused : OpStatus::kDone);
  if (!is_policy()) {
    EXPECT_EQ(bytes_of(again.out), last);
  }
  EXPECT_EQ(saved(*cache), before);
}

TEST_P(EachSpec, RefusesAQuestionBeforeTheFirstToken) {
  const auto cache = make();
  Turn turn = Tokens(kSmall, 1).turn(0, 1);
  EXPECT_EQ(cache->admits(turn.ask()), OpStatus::kRefused);
  EXPECT_EQ(cache->step(turn.ask()), OpStatus::kRefused);
  EXPECT_EQ(cache->seen_tokens(), 0);
}

TEST_P(EachSpec, ShowsTheWholeChunkOnlyWhereAllIsVisible) {
  const auto cache = make();
  const Tokens tokens(kSmall, 8);
  tokens.feed(*cache, 0, 3);
  const Bytes before = saved(*cache);
  Turn turn = tokens.turn(3, 8);
  Step step = turn.step();
  step.causal = false;
  if (!rule().is_all()) {
    EXPECT_EQ(cache->step(step), OpStatus::kRefused);
    EXPECT_EQ(saved(*cache), before);
    return;
  }
  ASSERT_EQ(cache->step(step), OpStatus::kDone);
  const auto one = make();
  tokens.feed(*one, 0, 3);
  const Bytes causal = tokens.feed(*one, 3, 8);
  EXPECT_NE(bytes_of(turn.out), causal);
  for (int h = 0; h < kSmall.batch * kSmall.q_heads; ++h) {  // the last query sees the same either way
    const std::size_t row = 5 * sizeof(float), at = std::size_t(h * 5 + 4) * row;
    EXPECT_EQ(std::memcmp(turn.out.view().data + at, causal.data() + at, row), 0) << h;
  }
}

TEST_P(EachSpec, TakesAnyFloatingTensors) {
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    const auto narrow = make(), wide = make();
    const Tokens tokens(kSmall, 9, dtype);
    Turn turn = tokens.turn(0, 9);
    ASSERT_EQ(narrow->step(turn.step()), OpStatus::kDone);
    Turn same{to_dtype(turn.q, DType::kF32), to_dtype(turn.k, DType::kF32), to_dtype(turn.v, DType::kF32),
              Tensor(DType::kF32, turn.out.shape())};
    ASSERT_EQ(wide->step(same.step()), OpStatus::kDone);
    EXPECT_EQ(saved(*narrow), saved(*wide)) << name_of(dtype);
    EXPECT_EQ(bytes_of(turn.out), bytes_of(to_dtype(same.out, dtype))) << name_of(dtype);
  }
}

TEST_P(EachSpec, ScalesByTheRootOfTheWidthUnlessTold) {
  const auto plain = make(), told = make();
  const Tokens tokens(kSmall, 5);
  Turn turn = tokens.turn(0, 5);
  Step step = turn.step();
  step.scale = 1 / std::sqrt(float(kSmall.d));
  ASSERT_EQ(told->step(step), OpStatus::kDone);
  EXPECT_EQ(bytes_of(turn.out), tokens.feed(*plain, 0, 5));
}

TEST_P(EachSpec, StoresOneTensorWhereDvIsZero) {
  const Geometry g{.batch = 1, .q_heads = 2, .kv_heads = 2, .d = 6, .dv = 0};
  const auto cache = make(g);
  Turn turn = Tokens(g, 9).turn(0, 9);
  EXPECT_EQ(cache->step(turn.step()), OpStatus::kRefused) << "it cannot answer";
  ASSERT_EQ(cache->step(turn.append_only()), OpStatus::kDone);
  EXPECT_EQ(cache->seen_tokens(), 9);
  const auto other = make(g);
  load_bytes(*other, saved(*cache));
  EXPECT_EQ(saved(*other), saved(*cache));
}

TEST_P(EachSpec, ChecksShapesAndTypesBeforeItTouchesAnything) {
  const ThrowingChecks checks;
  const auto cache = make();
  const Tokens tokens(kSmall, 4);
  tokens.feed(*cache, 0, 2);
  const Bytes before = saved(*cache);
  const Tensor other = random_tensor(DType::kF32, {2, 2, 2, 7}, 9), half = to_dtype(tokens.turn(2, 4).v, DType::kF16);
  const Tensor integers(DType::kI32, {2, 2, 2, 6});
  for (int fault = 0; fault < 7; ++fault) {
    Turn turn = tokens.turn(2, 4);
    Step step = turn.step();
    if (fault == 0) step.k = other;
    if (fault == 1) step.v = half;
    if (fault == 2) step.k = integers;
    if (fault == 3) step.v = {};
    if (fault == 4) step.q.shape = {2, 4, 1, 6};
    if (fault == 5) step.out.shape = {2, 4, 2, 6};
    if (fault == 6) step.out.dtype = DType::kF16;
    EXPECT_THROW((void)cache->step(step), CheckFailed) << fault;
    EXPECT_EQ(saved(*cache), before) << fault;
  }
  const Tensor narrow(DType::kBool, {1, 1, 1, 3});
  const Mask mask{narrow.view()};
  Turn turn = tokens.turn(2, 4);
  Step step = turn.step();
  step.mask = &mask;
  EXPECT_THROW((void)cache->step(step), CheckFailed) << "four columns are wanted";
  EXPECT_EQ(saved(*cache), before);
}

TEST_P(EachSpec, GivesEveryStepOfManyTheBitsOfItsOwn) {
  const std::int64_t lengths[] = {0, 3, 7, 300};
  std::vector<std::unique_ptr<KvCache>> alone, together;
  std::vector<Turn> turns;
  std::vector<Bytes> expected;
  for (std::size_t i = 0; i < 4; ++i) {
    const Tokens tokens(kSmall, lengths[i] + 4, DType::kF32, i + 1);
    for (auto* caches : {&alone, &together}) {
      caches->push_back(make());
      if (lengths[i]) tokens.feed(*caches->back(), 0, lengths[i]);
    }
    expected.push_back(tokens.feed(*alone.back(), lengths[i], lengths[i] + 1 + std::int64_t(i)));
    turns.push_back(tokens.turn(lengths[i], lengths[i] + 1 + std::int64_t(i)));
  }
  std::vector<CacheStep> steps;
  for (std::size_t i = 0; i < 4; ++i) steps.push_back({together[i].get(), turns[i].step()});
  ASSERT_EQ(step_many(steps), OpStatus::kDone);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(bytes_of(turns[i].out), expected[i]) << i;
    EXPECT_EQ(saved(*together[i]), saved(*alone[i])) << i;
  }
}

TEST_P(EachSpec, ForgetsOrRefuses) {
  const Tokens tokens(kSmall, 12);
  for (Position length = -1; length <= 13; ++length) {
    const auto cache = make();
    tokens.feed(*cache, 0, 12);
    const Bytes before = saved(*cache);
    if (cache->truncate(length) == OpStatus::kRefused) {
      EXPECT_EQ(saved(*cache), before) << length;
      EXPECT_NE(length, 0);
      EXPECT_NE(length, 12);
      continue;
    }
    ASSERT_TRUE(length >= 0 && length <= 12);
    const auto fresh = make();
    if (length) tokens.feed(*fresh, 0, length);
    EXPECT_EQ(saved(*cache), saved(*fresh)) << length;
    EXPECT_EQ(cache->seen_tokens(), length);
  }
}

TEST(StepMany, RefusesAsAWhole) {
  const auto good = make_cache("in_place", kSmall), bad = make_cache("window:w=5", kSmall);
  const Tokens tokens(kSmall, 3);
  Turn one = tokens.turn(0, 3), two = tokens.turn(0, 3);
  Step step = two.step();
  step.causal = false;
  const CacheStep steps[] = {{good.get(), one.step()}, {bad.get(), step}};
  EXPECT_EQ(step_many(steps), OpStatus::kRefused);
  EXPECT_EQ(good->seen_tokens(), 0);
  EXPECT_EQ(bad->seen_tokens(), 0);
  EXPECT_EQ(step_many({}), OpStatus::kDone);
}

TEST(StepMany, StopsAtACacheThatIsGivenTwice) {
  const ThrowingChecks checks;
  const auto one = make_cache("in_place", kSmall), two = make_cache("in_place", kSmall);
  const Tokens tokens(kSmall, 3);
  Turn turns[] = {tokens.turn(0, 3), tokens.turn(0, 3), tokens.turn(0, 3)};
  const CacheStep steps[] = {{one.get(), turns[0].step()}, {two.get(), turns[1].step()}, {one.get(), turns[2].step()}};
  EXPECT_THROW((void)step_many(steps), CheckFailed);
  EXPECT_EQ(one->seen_tokens(), 0);
}

// Every task steps a cache of its own, with enough work that a step spreads over threads itself and, while it waits,
// its thread could take up another of these tasks.
TEST(Step, ServesDifferentCachesFromTasksOfOneArena) {
  constexpr int kCaches = 24, kLength = 700;
  const Geometry g{.batch = 1, .q_heads = 8, .kv_heads = 2, .d = 32, .dv = 32};
  std::vector<Bytes> expected(kCaches), got(kCaches);
  const auto run = [&](int i) {
    const Tokens tokens(g, kLength, DType::kF16, std::uint64_t(i + 1));
    const auto cache = make_cache("kivi:group=16,residual=64", g);
    Bytes all;
    for (const auto& [begin, end] : {std::pair(0, 690), {690, 691}, {691, kLength}}) {
      const Bytes out = tokens.feed(*cache, begin, end);
      all.insert(all.end(), out.begin(), out.end());
    }
    const Bytes state = saved(*cache);
    all.insert(all.end(), state.begin(), state.end());
    return all;
  };
  for (int i = 0; i < kCaches; ++i) expected[std::size_t(i)] = run(i);
  const tbb::global_control more_than_cores(tbb::global_control::max_allowed_parallelism, 8);
  for (int round = 0; round < 3; ++round) {
    tbb::task_arena(8).execute([&] {
      parallel_for(kCaches, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) got[std::size_t(i)] = run(int(i));
      });
    });
    for (std::size_t i = 0; i < kCaches; ++i) EXPECT_TRUE(got[i] == expected[i]) << "cache " << i << " round " << round;
  }
}

}  // namespace
}  // namespace kvproof
