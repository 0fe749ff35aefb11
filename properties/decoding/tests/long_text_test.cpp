// A thousand forced tokens through the checkpoint that ships with the project, by every way that is exact.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "engine/base/random.h"
#include "engine/cache/snapshot.h"
#include "engine/graph/session.h"
#include "engine/model/decoder.h"
#include "engine/model/runner.h"
#include "engine/model/safetensors_weights.h"

namespace kvproof {
namespace {

constexpr std::int64_t kTokens = 1000;
constexpr double kTolerance = 1e-5;  // f32 through four layers of sums over at most 352 terms, in other orders

class LongText : public testing::Test {
 protected:
  static std::shared_ptr<const SharedWeights> weights() {
    static const auto shared =
        std::make_shared<const SharedWeights>(std::make_unique<SafetensorsWeights>(KVPROOF_TINY_GEMMA));
    return shared;
  }
  static const ModelConfig& config() {
    static const ModelConfig read = read_config_json(KVPROOF_TINY_GEMMA);
    return read;
  }
  static std::unique_ptr<Runner> runner(const std::string& way, const std::string& caches = "") {
    return make_runner(way, std::make_shared<const Decoders>(config(), weights(), DecoderChoices{.caches = caches}));
  }

  // Tokens [begin, begin + n) of the text.
  static Value ids(std::int64_t begin, std::int64_t n) {
    Random random(1000);
    Tensor some(DType::kI64, {1, n});
    for (std::int64_t i = 0; i < begin + n; ++i) {
      const std::int64_t id = i == 0 ? 2 : random.integer(4, config().vocab - 1);
      if (i >= begin) some.as<std::int64_t>()[i - begin] = id;
    }
    return some;
  }

  // Of all tokens, from one turn that takes in the whole text: by causality those of every prefix.
  static const Value& all_logits() {
    static const Value all = [] {
      const auto source = weights()->source();
      Session session(std::make_shared<Plan>(build_decoder(config(), *source)));
      return session.run(std::vector<Value>{ids(0, kTokens)}).front();
    }();
    return all;
  }
  // Of `actual`, [1,vocab], to those behind `length` tokens: the largest |x - y| / max(1, |y|).
  static double distance(const Value& actual, std::int64_t length) {
    const float* expected = all_logits().as<float>() + (length - 1) * config().vocab;
    double largest = 0;
    for (std::int64_t i = 0; i < config().vocab; ++i) {
      const double x = double(actual.as<float>()[i]), y = double(expected[i]);
      if (!(std::abs(x - y) <= largest * std::max(1., std::abs(y))))
        largest = std::abs(x - y) / std::max(1., std::abs(y));
    }
    return largest;
  }
};

TEST_F(LongText, APrefixOfALongTextHasTheLogitsOfRecomputation) {
  for (const std::int64_t length : {1, 2, 63, 64, 65, 129, 500, 1000}) {
    EXPECT_LT(distance(runner("recompute")->run(ids(0, length)).front(), length), kTolerance) << length;
  }
}

TEST_F(LongText, CachesThatLoseNothingEqualRecomputationAtEveryStep) {
  for (const char* caches : {"in_place", "local=window;global=in_place"}) {
    const auto cached = runner("cached", caches);
    for (std::int64_t i = 0; i < kTokens; ++i) {
      ASSERT_LT(distance(cached->run(ids(i, 1)).front(), i + 1), kTolerance) << caches << " behind " << i + 1;
    }
  }
}

TEST_F(LongText, AResumeInTheMiddleChangesNoBit) {
  for (const char* caches :
       {"", "in_place", "local=window;global=in_place", "local=window;global=kivi:bits=4,group=32"}) {
    const auto cached = runner("cached", caches), dirty = runner("cached", caches);
    cached->run(ids(0, 499));
    cached->run(ids(499, 1));
    dirty->run(ids(7, 30));
    std::vector<std::byte> bytes;
    SnapshotWriter writer(bytes);
    cached->save(writer);
    SnapshotReader reader(bytes);
    dirty->load(reader);
    for (std::int64_t i = 500; i < 600; ++i) {
      const Value a = cached->run(ids(i, 1)).front(), b = dirty->run(ids(i, 1)).front();
      ASSERT_EQ(std::memcmp(a.view().data, b.view().data, a.view().size_bytes()), 0) << caches << " behind " << i + 1;
    }
  }
}

// Both are within half the tolerance of the whole text, and so within all of it of each other.
TEST_F(LongText, BucketsEqualPlansOfTheirOwnLengthAndAreElevenAtMost) {
  const auto bucketed = runner("bucketed:1000"), dynamic = runner("dynamic:2");
  for (int text = 0; text < 2; ++text) {
    bucketed->reset();
    dynamic->reset();
    for (std::int64_t i = 0; i < kTokens; ++i) {
      ASSERT_LT(distance(bucketed->run(ids(i, 1)).front(), i + 1), kTolerance / 2) << "bucketed, behind " << i + 1;
      if (text == 1) continue;
      ASSERT_LT(distance(dynamic->run(ids(i, 1)).front(), i + 1), kTolerance / 2) << "dynamic, behind " << i + 1;
    }
    EXPECT_EQ(dynamic->counters().built, kTokens);
    EXPECT_LE(bucketed->counters().built, 11);
    EXPECT_EQ(bucketed->counters().built + bucketed->counters().hits, (text + 1) * (kTokens - 1));
    EXPECT_EQ(bucketed->fallbacks(), 0);
  }
}

TEST_F(LongText, ASecondPromptOfTheSameLengthHits) {
  for (const char* way : {"lru:2", "dynamic:2"}) {
    const auto first = runner(way);
    first->run(ids(0, 300));
    const auto second = first->fresh();
    EXPECT_LT(distance(second->run(ids(0, 300)).front(), 300), kTolerance);
    EXPECT_EQ(second->counters(), (PlanCounters{.built = 1, .hits = 1})) << way;
  }
}

}  // namespace
}  // namespace kvproof
