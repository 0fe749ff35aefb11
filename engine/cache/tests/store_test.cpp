// Below the strategies: the ladder of capacities, the slots of a ring, and the account that pays for it all.
#include <map>

#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/throwing_checks.h"
#include "engine/cache/ring.h"
#include "engine/cache/row_store.h"
#include "engine/cache/tests/support.h"
#include "engine/codec/kivi_codec.h"
#include "engine/codec/row_codecs.h"

// A size that no machine has is refused as malloc does it, also under the address sanitizer.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace kvproof {
namespace {

RowStore f32_store(int width, int streams, Capacity capacity, std::int64_t fixed = 0) {
  return RowStore(make_row_codec(DType::kF32, width), streams, capacity, fixed);
}

// Numbers row i of stream s.
void write(RowStore& store, int s, std::int64_t i) {
  const std::vector<float> row(std::size_t(store.codec().width()), float(s * 1000 + i));
  store.encode({s}, i, row.data(), 1);
}

float first_of(const RowStore& store, int s, std::int64_t i) {
  float x;
  std::memcpy(&x, store.block({s}, i), sizeof x);
  return x;
}

TEST(RowStore, ClimbsPowersOfTwoAndKeepsItsHighWater) {
  RowStore store = f32_store(3, 2, Capacity::kLadder);
  EXPECT_EQ(store.capacity(), 0);
  const std::int64_t expected[][2] = {{1, 16}, {16, 16}, {17, 32},  {33, 64},    {64, 64},
                                      {3, 64}, {0, 64},  {65, 128}, {1000, 1024}};
  for (const auto& [used, capacity] : expected) {
    store.resize(used);
    EXPECT_EQ(store.used(), used);
    EXPECT_EQ(store.capacity(), capacity) << used;
  }
}

TEST(RowStore, BeginsTheLadderOfBlocksAtSixteenRows) {
  for (const auto& [group, capacity] : {std::pair(1, 16), {4, 4}, {5, 4}, {16, 1}, {64, 1}}) {
    RowStore store(make_kivi_key_codec(8, 8, group), 1, Capacity::kLadder);
    store.resize(1);
    EXPECT_EQ(store.capacity(), capacity) << group;
  }
}

TEST(RowStore, KeepsEveryRowThroughEveryGrowth) {
  for (const Capacity kind : {Capacity::kLadder, Capacity::kExact}) {
    RowStore store = f32_store(3, 2, kind);
    for (std::int64_t n = 1; n <= 70; ++n) {
      store.resize(n);
      for (int s = 0; s < 2; ++s) write(store, s, n - 1);
      for (int s = 0; s < 2; ++s) {
        for (std::int64_t i = 0; i < n; ++i) ASSERT_EQ(first_of(store, s, i), float(s * 1000 + i)) << n;
      }
    }
    store.resize(7);
    const RowStore copy = store;
    write(store, 0, 3);
    EXPECT_NE(copy.block({0}, 0), store.block({0}, 0));
    EXPECT_EQ(first_of(copy, 1, 6), 1006);
  }
}

TEST(RowStore, TakesAFixedCapacityWholeAndOnce) {
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  RowStore store = f32_store(4, 3, Capacity::kFixed, 10);
  for (std::int64_t n = 0; n <= 10; ++n) store.resize(n);
  EXPECT_EQ(store.capacity(), 10);
  EXPECT_EQ(account->counters().allocations, 1);
  EXPECT_EQ(account->counters().reallocations, 0);
  EXPECT_EQ(account->counters().live_bytes, 3 * 10 * 16);
  const ThrowingChecks checks;
  EXPECT_THROW(store.resize(11), CheckFailed);
  EXPECT_THROW(f32_store(4, 3, Capacity::kFixed), CheckFailed);
  EXPECT_THROW(f32_store(4, 3, Capacity::kLadder, 5), CheckFailed);
}

TEST(RowStore, CountsTheRowsAndReallocationsOfItsGrowth) {
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  RowStore store = f32_store(4, 2, Capacity::kLadder);
  for (std::int64_t n = 1; n <= 64; ++n) store.resize(n);
  EXPECT_EQ(account->counters().reallocations, 2) << "16 to 32 to 64";
  EXPECT_EQ(account->counters().copied_rows, 2 * (16 + 32));
  EXPECT_EQ(account->counters().copied_bytes, 2 * (16 + 32) * 16);
}

TEST(RowStore, StaysAsItWasWhereMemoryIsShort) {
  RowStore store = f32_store(4, 2, Capacity::kLadder);
  store.resize(2);
  write(store, 0, 1);
  for (const std::int64_t blocks : {std::int64_t(1) << 55, std::int64_t(1) << 61}) {
    error_of(ErrorCode::kResource, [&] { store.resize(blocks); });
    EXPECT_EQ(store.used(), 2);
    EXPECT_EQ(store.capacity(), 16);
    EXPECT_EQ(first_of(store, 0, 1), 1);
  }
}

TEST(RowStore, SplitsItsBytesIntoPayloadMetadataAndSlack) {
  RowStore store(make_kivi_value_codec(8, 4, 8), 3, Capacity::kLadder);
  store.resize(5);
  MemoryUse use;
  store.each(use);
  EXPECT_EQ(use.payload, 3u * 5 * 4);
  EXPECT_EQ(use.metadata, 3u * 5 * 8);
  EXPECT_EQ(use.slack, 3u * 11 * 12);
}

TEST(Ring, ListsWhatABruteForceModelKeeps) {
  for (Position sinks = 0; sinks <= 4; ++sinks) {
    for (Position window = 1; window <= 6; ++window) {
      const Ring ring{.sinks = sinks, .window = window};
      for (Position begin = 0; begin <= 22; ++begin) {
        for (Position end = begin; end <= 24; ++end) {
          std::map<Position, std::int64_t> expected, listed;
          for (Position p = begin; p < end; ++p) {
            if (p < sinks) expected[p] = p;
            if (p >= sinks && p >= end - window) expected[p] = sinks + (p - sinks) % window;
          }
          Position before = -1;
          ring.runs(begin, end, [&](Position p, std::int64_t slot, std::int64_t n) {
            ASSERT_GT(n, 0);
            ASSERT_GT(p, before) << "ascending";
            before = p + n - 1;
            for (std::int64_t i = 0; i < n; ++i) listed[p + i] = slot + i;
          });
          ASSERT_EQ(listed, expected) << "s=" << sinks << " w=" << window << " [" << begin << ", " << end << ")";
          ASSERT_LE(std::int64_t(listed.size()), ring.slots());
        }
      }
    }
  }
}

TEST(Ring, CountsAWrapWhenItsFirstSlotIsUsedAgain) {
  for (const Position sinks : {0, 3}) {
    const Ring ring{.sinks = sinks, .window = 4};
    Account account;
    for (Position p = 0; p < sinks + 13; ++p) {
      ring.count_wrap(account, p, p + 1);
      const Position in_ring = p - sinks;  // tokens 4, 8 and 12 of the ring stand where token 0 did
      EXPECT_EQ(account.counters().wraps, in_ring < 0 ? 0 : in_ring / 4) << p;
    }
  }
}

TEST(CacheAccount, GoesBackToZeroWhenCachesDie) {
  for (const std::string& spec : kSpecs) {
    const auto account = std::make_shared<Account>();
    {
      std::unique_ptr<KvCache> cache, forked;
      {
        const AccountScope scope(account);
        cache = make_cache(spec, kSmall);
      }
      const auto outside = std::make_shared<Account>();
      const AccountScope other(outside);
      Tokens(kSmall, 40).feed(*cache, 0, 40);
      const std::int64_t one = account->counters().live_bytes;
      EXPECT_EQ(one, std::int64_t(cache->memory().total())) << spec;
      forked = cache->fork();
      EXPECT_EQ(account->counters().live_bytes, 2 * one) << spec << ": a fork is booked where its origin is";
      load_bytes(*forked, saved(*cache));
      Tokens(kSmall, 100).feed(*forked, 0, 100);
      EXPECT_EQ(account->counters().live_bytes, std::int64_t(cache->memory().total() + forked->memory().total()))
          << spec;
      forked->reset();
      EXPECT_EQ(account->counters().live_bytes, one) << spec;
      Tokens(kSmall, 10).feed(*forked, 0, 10);
      cache.reset();
      EXPECT_EQ(account->counters().live_bytes, std::int64_t(forked->memory().total())) << spec;
      EXPECT_EQ(outside->counters().live_bytes, 0) << spec << ": nothing is booked on who happens to step";
    }
    EXPECT_EQ(account->counters().live_bytes, 0) << spec;
  }
}

TEST(Fork, SharesNoLaterWrite) {
  for (const std::string& spec : kSpecs) {
    const auto cache = make_cache(spec, kSmall);
    const Tokens tokens(kSmall, 30), others(kSmall, 30, DType::kF32, 7);
    tokens.feed(*cache, 0, 9);
    const auto forked = cache->fork();
    const Bytes before = saved(*cache);
    others.feed(*forked, 9, 30);
    EXPECT_EQ(saved(*cache), before) << spec;
    const auto alone = make_cache(spec, kSmall);
    tokens.feed(*alone, 0, 9);
    EXPECT_EQ(tokens.feed(*cache, 9, 30), tokens.feed(*alone, 9, 30)) << spec;
  }
}

}  // namespace
}  // namespace kvproof
