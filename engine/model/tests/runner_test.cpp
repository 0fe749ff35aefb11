// The ways to decode: each gives what recomputation gives, builds what it says, and refuses without a trace.
#include "engine/model/runner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/cache/snapshot.h"
#include "engine/model/safetensors_weights.h"

namespace kvproof {
namespace {

const std::string kFolder = KVPROOF_TINY_GEMMA;
const std::vector<std::string> kWays{"recompute", "cached", "lru:2", "dynamic:3", "bucketed:8", "bucketed:1000"};

std::shared_ptr<const SharedWeights> weights() {
  static const auto shared = std::make_shared<const SharedWeights>(std::make_unique<SafetensorsWeights>(kFolder));
  return shared;
}

std::shared_ptr<const Decoders> decoders(DecoderChoices choices = {.rows = DecoderChoices::Rows::kOutputs}) {
  static const ModelConfig config = read_config_json(kFolder);
  return std::make_shared<const Decoders>(config, weights(), std::move(choices));
}

Value ids_of(const std::vector<std::int64_t>& ids, std::int64_t batch = 1) {
  Tensor tensor(DType::kI64, {batch, std::int64_t(ids.size()) / batch});
  std::copy(ids.begin(), ids.end(), tensor.as<std::int64_t>());
  return tensor;
}

std::vector<std::int64_t> random_ids(Random& random, std::int64_t n) {
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < n; ++i) ids.push_back(random.integer(4, 259));
  return ids;
}

bool same_bits(const Value& a, const Value& b) {
  return a.shape() == b.shape() && std::memcmp(a.view().data, b.view().data, a.view().size_bytes()) == 0;
}

// The largest difference, relative to what is above 1.
double distance(const Value& a, const Value& b) {
  if (a.shape() != b.shape()) return INFINITY;
  double largest = 0;
  for (std::int64_t i = 0; i < a.shape().elements(); ++i) {
    const double x = a.as<float>()[i], y = b.as<float>()[i];
    largest = std::max(largest, std::abs(x - y) / std::max(1., std::abs(y)));
  }
  return largest;
}

std::vector<std::byte> saved(const Runner& runner) {
  std::vector<std::byte> bytes;
  SnapshotWriter writer(bytes);
  runner.save(writer);
  return bytes;
}

void load(Runner& runner, std::span<const std::byte> bytes) {
  SnapshotReader reader(bytes, SnapshotReader::Trailing::kRefuse);
  runner.load(reader);
}

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kIo;
}

TEST(Runner, EveryWayGivesTheLogitsAndRowsOfRecomputation) {
  const auto of = decoders();
  const auto reference = make_runner("recompute", of);
  std::vector<std::unique_ptr<Runner>> ways;
  for (const std::string& way : kWays) ways.push_back(make_runner(way, of));
  Random random(7);
  for (const std::int64_t n : {1, 5, 1, 1, 1, 2, 1, 60, 1, 1}) {  // the window is 64
    const Value ids = ids_of(random_ids(random, 2 * n), 2);
    const std::vector<Value> expected = reference->run(ids);
    for (std::size_t w = 0; w < ways.size(); ++w) {
      const std::vector<Value> actual = ways[w]->run(ids);
      ASSERT_EQ(ways[w]->fed(), reference->fed());
      ASSERT_EQ(actual.size(), expected.size()) << kWays[w];
      for (std::size_t i = 0; i < actual.size(); ++i) {
        // f32 through four layers, in other orders of sums.
        ASSERT_LT(distance(actual[i], expected[i]), 1e-5) << kWays[w] << " output " << i << " at " << reference->fed();
      }
    }
  }
}

TEST(Runner, SpellingsThatAreNoneAreRefused) {
  const auto of = decoders();
  for (const char* spelling : {"", "cache", "lru", "lru:", "lru:0", "lru:-1", "lru:2x", "bucketed:99999999999999999999",
                               "dynamic: 3", "recompute:1", "cached:2", "LRU:1", "ring:4"}) {
    EXPECT_EQ(code_of([&] { make_runner(spelling, of); }), ErrorCode::kUsage) << spelling;
  }
  const auto chosen = decoders({.caches = "local=window"});
  EXPECT_EQ(code_of([&] { make_runner("bucketed:8", chosen); }), ErrorCode::kUsage);
}

TEST(Runner, ARefusedTurnLeavesNoTrace) {
  const auto of = decoders();
  Random random(9);
  const Value prompt = ids_of(random_ids(random, 5)), next = ids_of({9, 10});
  for (const std::string& way : kWays) {
    const auto runner = make_runner(way, of), other = make_runner(way, of);
    EXPECT_EQ(code_of([&] { runner->run(ids_of({260})); }), ErrorCode::kMismatch) << way;
    EXPECT_EQ(runner->fed(), 0) << way;
    runner->run(prompt);
    other->run(prompt);
    const std::vector<std::byte> before = saved(*runner);
    for (const Value& bad : {ids_of({4, 260}), ids_of({-1}), ids_of({5, 6}, 2), ids_of({}),
                             ids_of(std::vector<std::int64_t>(2044, 7)), Value(Tensor(DType::kI32, {1, 1}))}) {
      EXPECT_EQ(code_of([&] { runner->run(bad); }), ErrorCode::kMismatch) << way;
    }
    EXPECT_EQ(saved(*runner), before) << way;
    EXPECT_TRUE(same_bits(runner->run(next)[0], other->run(next)[0])) << way;
  }
}

TEST(Runner, AResumedTextGoesOnBitForBit) {
  Random random(11);
  const auto of = decoders();
  for (const std::string& way : kWays) {
    const auto first = make_runner(way, of), second = make_runner(way, of);
    EXPECT_EQ(saved(*first), saved(*second));
    load(*second, saved(*first));
    EXPECT_EQ(second->fed(), 0);
    first->run(ids_of(random_ids(random, 9)));
    first->run(ids_of({17}));
    second->run(ids_of({5, 6, 7}));
    const std::vector<std::byte> record = saved(*first);
    load(*second, record);
    const auto third = second->fresh();
    EXPECT_EQ(third->fed(), 0);
    load(*third, record);
    for (int i = 0; i < 5; ++i) {
      const Value ids = ids_of(random_ids(random, 1));
      const std::vector<Value> a = first->run(ids), b = second->run(ids), c = third->run(ids);
      for (std::size_t j = 0; j < a.size(); ++j) ASSERT_TRUE(same_bits(a[j], b[j]) && same_bits(a[j], c[j])) << way;
    }
    first->reset();
    EXPECT_EQ(saved(*first), saved(*make_runner(way, of))) << way;
  }
}

TEST(Runner, DamagedRecordsAndThoseOfOtherWaysAreRefused) {
  const auto of = decoders();
  for (const std::string& way : kWays) {
    const auto runner = make_runner(way, of);
    runner->run(ids_of({5, 6, 7}));
    std::vector<std::byte> record = saved(*runner);
    for (const std::string& other : kWays) {
      const auto into = make_runner(other, of);
      if (saved(*into)[8] == saved(*make_runner(way, of))[8]) continue;  // the tag behind the record's frame
      EXPECT_EQ(code_of([&] { load(*into, record); }), ErrorCode::kMismatch) << way << " " << other;
    }
    Random random(13);
    for (int i = 0; i < 200; ++i) {
      std::vector<std::byte> damaged = record;
      damaged[std::size_t(random.integer(0, std::int64_t(record.size()) - 1))] ^= std::byte(1 << random.integer(0, 7));
      EXPECT_THROW(load(*runner, damaged), Error) << way;
      damaged = record;
      damaged.resize(std::size_t(random.integer(0, std::int64_t(record.size()) - 1)));
      EXPECT_THROW(load(*runner, damaged), Error) << way;
    }
    std::vector<std::byte> longer = record;
    longer.push_back(std::byte{0});
    EXPECT_THROW(load(*runner, longer), Error) << way;
    EXPECT_EQ(saved(*runner), record) << way;
  }
}

TEST(Runner, ASecondPromptOfTheSameLengthHits) {
  const auto runner = make_runner("lru:2", decoders());
  const auto prompt = [&](std::int64_t n) {
    const auto another = runner->fresh();
    another->run(ids_of(std::vector<std::int64_t>(std::size_t(n), 9)));
    another->run(ids_of({5}));  // not of the shelf
  };
  prompt(3);
  prompt(3);
  EXPECT_EQ(runner->counters(), (PlanCounters{.built = 1, .hits = 1}));
  prompt(4);
  prompt(3);
  prompt(5);  // drops 4, which was used before 3
  prompt(3);
  EXPECT_EQ(runner->counters(), (PlanCounters{.built = 3, .hits = 3, .evicted = 1}));
  prompt(4);
  EXPECT_EQ(runner->counters(), (PlanCounters{.built = 4, .hits = 3, .evicted = 2}));
}

TEST(Runner, DynamicLengthsAreBuiltOnceEach) {
  const auto runner = make_runner("dynamic:64", decoders());
  for (int text = 0; text < 2; ++text) {
    runner->reset();
    for (int i = 0; i < 20; ++i) runner->run(ids_of({5 + i}));
  }
  EXPECT_EQ(runner->counters(), (PlanCounters{.built = 20, .hits = 20}));
}

TEST(Runner, BucketsAreBuiltOnceAndStepsBeyondThemAreCounted) {
  const auto runner = make_runner("bucketed:8", decoders());
  runner->run(ids_of({5}));
  for (int i = 0; i < 12; ++i) runner->run(ids_of({6 + i}));  // behind 1 to 12 tokens
  EXPECT_EQ(runner->counters(), (PlanCounters{.built = 4, .hits = 4}));
  EXPECT_EQ(runner->fallbacks(), 4);
}

TEST(Decoders, PlansShareOneCopyOfTheWeights) {
  DecoderChoices choices;
  choices.profile.decode.transforms = {"flash_sdpa"};
  const auto of = decoders(choices);
  std::set<const void*> tables;
  for (const Phase phase : {Phase::kPrefill, Phase::kDecode, Phase::kPadded}) {
    const auto plan = of->plan(phase);
    for (const Value& value : plan->values()) {
      if (value.view().data && value.shape() == Shape{of->config().vocab, of->config().hidden})
        tables.insert(value.view().data);
    }
  }
  EXPECT_EQ(tables.size(), 1u);
  EXPECT_TRUE(weights()->unused().empty());
}

TEST(Decoders, ProfilesThatDoNotGoTogetherAreRefused) {
  DecoderChoices choices;
  choices.profile.decode.activation = DType::kBF16;
  EXPECT_EQ(code_of([&] { decoders(choices); }), ErrorCode::kUsage);
  choices = {};
  choices.profile.decode.transforms = {"fuse_kv_sdpa:strategy=in_place"};
  EXPECT_EQ(code_of([&] { decoders(choices); }), ErrorCode::kMismatch);
  choices = {.caches = "window", .rows = DecoderChoices::Rows::kOutputs};
  EXPECT_EQ(code_of([&] { decoders(choices); }), ErrorCode::kUsage);
}

TEST(Decoders, PlansUnderOtherChoicesHaveOtherKeys) {
  const auto plain = decoders(DecoderChoices{}), same = decoders(DecoderChoices{}), rows = decoders();
  EXPECT_EQ(plain->key(), same->key());
  EXPECT_NE(plain->key(), rows->key());
  DecoderChoices choices;
  choices.profile.prefill.fold = false;
  EXPECT_NE(plain->key(), decoders(choices)->key());
  EXPECT_NE(plain->key(), decoders({.caches = "window"})->key());
}

}  // namespace
}  // namespace kvproof
