// Growth is seen by counting, with a clock and a counter that are made up; then with a cache that
// grows.
#include "benches/support/growth_watch.h"

#include <gtest/gtest.h>

#include "benches/support/steady_caches.h"
#include "benches/support/step_arm.h"

namespace kvproof {
namespace {

constexpr Geometry kShape = {.batch = 1, .q_heads = 4, .kv_heads = 2, .d = 16, .dv = 16};

TokenSource source() { return TokenSource(generate("gaussian", kShape, 64, 1), DType::kF32); }

TEST(GrowthWatch, MeasuresTimeAndReallocationsOfTheBatchAlone) {
  double clock = 1000;
  std::int64_t reallocations = 5;
  const GrowthWatch watch([&] { return reallocations; }, [&] { return clock; });

  const Timed quiet = watch.time([&] { clock += 300; });
  EXPECT_DOUBLE_EQ(quiet.ns, 300);
  EXPECT_FALSE(quiet.grew());

  const Timed growing = watch.time([&] {
    clock += 7000;
    reallocations += 2;
  });
  EXPECT_DOUBLE_EQ(growing.ns, 7000);
  EXPECT_EQ(growing.reallocations, 2);
  EXPECT_TRUE(growing.grew());
}

TEST(SteadyCaches, StayNearTWithoutGrowing) {
  const TokenSource tokens = source();
  struct Case {
    const char* spec;
    Position tokens;
  };
  const char* kivi = "kivi:bits=8,group=8,residual=8";
  for (const auto& [spec, held] : {Case{"in_place", 256}, Case{"window:w=16", 256}, Case{"window:w=300", 256},
                                   Case{kivi, 256}, Case{kivi, 252}, Case{kivi, 127}}) {
    SteadyCaches caches(spec, tokens, held, 0);
    const std::int64_t before = caches.reallocations();
    StepArm arm(caches, tokens, StepKind::kAppend);
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(arm.run(arm.max_calls()).has_value()) << spec;
      if (std::string_view(spec) != "window:w=16") {
        EXPECT_LE(caches.first().seen_tokens(), held + caches.block() + caches.allowed_drift()) << spec;
      }
    }
    EXPECT_EQ(caches.reallocations(), before) << spec;
  }
}

TEST(SteadyCaches, AStepThatAlwaysReallocatesIsNotGrowth) {
  const TokenSource tokens = source();
  SteadyCaches caches("concat", tokens, 64, 0);
  StepArm arm(caches, tokens, StepKind::kAppend);
  const std::int64_t before = caches.reallocations();
  EXPECT_TRUE(arm.run(3).has_value());
  EXPECT_GT(caches.reallocations(), before);
}

TEST(SteadyCaches, HoldAsManyAsTheFootprintAsksFor) {
  const TokenSource tokens = source();
  const SteadyCaches one("in_place", tokens, 64, 0);
  const SteadyCaches many("in_place", tokens, 64, 10 * one.cache_bytes() - 1);
  EXPECT_EQ(one.count(), 1);
  EXPECT_EQ(many.count(), 10);
  EXPECT_EQ(many.footprint_bytes(), 10 * one.cache_bytes());
}

// Whatever T the caches stand at, a run of `block` steps completes one block.
TEST(SteadyCaches, SpreadBlocksEvenly) {
  const TokenSource tokens = source();
  const char* spec = "kivi:bits=8,group=8,residual=8";
  const SteadyCaches one(spec, tokens, 64, 0);
  SteadyCaches caches(spec, tokens, 64, 4 * one.cache_bytes());
  ASSERT_EQ(caches.count(), 4);
  TokenChunk token(tokens, 0, 1);
  for (int run = 0; run < 6; ++run) {
    const std::int64_t before = caches.flushes();
    for (int i = 0; i < caches.block(); ++i) ASSERT_EQ(caches.next().step(token.append()), OpStatus::kDone);
    EXPECT_EQ(caches.flushes() - before, 1) << "run " << run;
    caches.settle();
  }
}

}  // namespace
}  // namespace kvproof
