// The cache of plans against a list of keys in order of use.
#include "engine/model/plan_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/tests/throwing_checks.h"
#include "engine/model/buckets.h"

namespace kvproof {
namespace {

using Cache = PlanCache<int, std::string>;

std::string& ask(Cache& cache, int key) {
  return cache.get(key, [&] { return "plan " + std::to_string(key); });
}

TEST(PlanCache, BuildsOnceForEachKey) {
  Cache cache(4);
  EXPECT_EQ(ask(cache, 7), "plan 7");
  EXPECT_EQ(cache.get(7, []() -> std::string { throw std::logic_error("built again"); }), "plan 7");
  EXPECT_EQ(ask(cache, 8), "plan 8");
  EXPECT_EQ(cache.counters(), (PlanCounters{.built = 2, .hits = 1, .evicted = 0}));
}

TEST(PlanCache, AHitRefreshesSoThatTheLeastRecentlyUsedLeavesAndNotTheOldest) {
  Cache cache(2);
  for (const int key : {1, 2, 1, 3}) ask(cache, key);
  EXPECT_TRUE(cache.contains(1));
  EXPECT_FALSE(cache.contains(2));
  EXPECT_TRUE(cache.contains(3));
  EXPECT_EQ(cache.counters(), (PlanCounters{.built = 3, .hits = 1, .evicted = 1}));
}

TEST(PlanCache, LookingWhetherAKeyIsThereDoesNotRefreshIt) {
  Cache cache(2);
  ask(cache, 1);
  ask(cache, 2);
  EXPECT_TRUE(cache.contains(1));
  ask(cache, 3);
  EXPECT_FALSE(cache.contains(1));
}

TEST(PlanCache, OfCapacityOneHoldsTheLastAndOfNoneIsABug) {
  Cache cache(1);
  for (const int key : {1, 1, 2, 1}) EXPECT_EQ(ask(cache, key), "plan " + std::to_string(key));
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.counters(), (PlanCounters{.built = 3, .hits = 1, .evicted = 2}));
  const ThrowingChecks checks;
  EXPECT_THROW(Cache(0), CheckFailed);
}

TEST(PlanCache, ABuildThatThrowsLeavesTheCacheAsItWas) {
  Cache cache(2);
  for (const int key : {1, 2, 1}) ask(cache, key);
  const PlanCounters before = cache.counters();
  EXPECT_THROW(cache.get(3, []() -> std::string { throw std::runtime_error("no memory"); }), std::runtime_error);
  EXPECT_EQ(cache.counters(), before);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_FALSE(cache.contains(3));
  ask(cache, 4);  // the order has not changed either: 2 is the one that leaves
  EXPECT_TRUE(cache.contains(1));
  EXPECT_FALSE(cache.contains(2));
}

TEST(PlanCache, AValueStaysWhereItIsWhileOthersComeAndGo) {
  PlanCache<int, std::unique_ptr<int>> cache(3);
  const auto& kept = cache.get(0, [] { return std::make_unique<int>(42); });
  for (int key = 1; key < 100; ++key) {
    cache.get(key, [&] { return std::make_unique<int>(key); });
    EXPECT_EQ(&cache.get(0, []() -> std::unique_ptr<int> { throw std::logic_error("lost"); }), &kept);
  }
  EXPECT_EQ(*kept, 42);
}

TEST(PlanCache, ABuildMayAskForOtherKeysButNotForItsOwn) {
  Cache cache(2);
  EXPECT_EQ(cache.get(2, [&] { return ask(cache, 1) + " and a half"; }), "plan 1 and a half");
  EXPECT_TRUE(cache.contains(1));
  const ThrowingChecks checks;
  EXPECT_THROW(cache.get(5, [&] { return ask(cache, 5); }), CheckFailed);
}

TEST(PlanCache, EveryPartOfAKeyDistinguishes) {
  PlanCache<std::tuple<std::int64_t, std::int64_t, std::string>, int> cache(8);
  int next = 0;
  const auto get = [&](std::int64_t batch, std::int64_t length, const std::string& options) {
    return cache.get({batch, length, options}, [&] { return next++; });
  };
  EXPECT_EQ(get(1, 5, "fold"), 0);
  EXPECT_EQ(get(2, 5, "fold"), 1);
  EXPECT_EQ(get(1, 6, "fold"), 2);
  EXPECT_EQ(get(1, 5, ""), 3);
  EXPECT_EQ(get(1, 5, "fold"), 0);
}

// The model is a list of keys, the most recently used in front.
TEST(PlanCache, DoesAsAListOfKeysInOrderOfUse) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const std::size_t capacity = std::size_t(random.integer(1, 6));
    Cache cache(capacity);
    std::vector<int> model;
    PlanCounters expected;
    for (int i = 0; i < 300; ++i) {
      const int key = int(random.integer(0, 9));
      const auto at = std::find(model.begin(), model.end(), key);
      if (at != model.end()) {
        model.erase(at);
        ++expected.hits;
      } else {
        ++expected.built;
      }
      model.insert(model.begin(), key);
      if (model.size() > capacity) {
        model.pop_back();
        ++expected.evicted;
      }
      EXPECT_EQ(ask(cache, key), "plan " + std::to_string(key));
      ASSERT_EQ(cache.counters(), expected);
      for (int k = 0; k < 10; ++k) {
        ASSERT_EQ(cache.contains(k), std::find(model.begin(), model.end(), k) != model.end());
      }
    }
  }
}

TEST(PlanCache, ByBucketAThousandLengthsBuildElevenPlans) {
  const BucketLadder ladder = BucketLadder::powers_of_two(1, 1000);
  PlanCache<std::int64_t, std::int64_t> cache(ladder.buckets().size());
  for (int prompt = 0; prompt < 2; ++prompt) {
    for (std::int64_t length = 1; length <= 1000; ++length) {
      const std::int64_t extent = ladder.find(length)->extent();
      EXPECT_EQ(cache.get(extent, [&] { return extent; }), extent);
    }
  }
  EXPECT_EQ(cache.counters(), (PlanCounters{.built = 11, .hits = 1989, .evicted = 0}));
}

}  // namespace
}  // namespace kvproof
