// Texts of the checkpoint that ships with the project, with its caches held by every strategy.
#include "engine/model/generator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/cache/snapshot.h"
#include "engine/cache/strategy.h"
#include "engine/model/cache_choice.h"
#include "engine/model/decoder.h"
#include "engine/model/safetensors_weights.h"
#include "engine/model/text.h"
#include "engine/ops/kv_cache_ops.h"

namespace kvproof {
namespace {

const std::string kFolder = KVPROOF_TINY_GEMMA;
constexpr const char* kFact = "The code of the amber harp is 50713. The king went out. The code of the amber harp is";

const ModelConfig& config() {
  static const ModelConfig read = read_config_json(kFolder);
  return read;
}

Model decoder() {
  SafetensorsWeights weights(kFolder);
  return build_decoder(config(), weights, {.logits = DecoderOptions::Logits::kLast});
}

Generator generator(const std::string& caches = "", std::int64_t sequences = 1, const std::string& way = "cached") {
  static const auto weights = std::make_shared<const SharedWeights>(std::make_unique<SafetensorsWeights>(kFolder));
  return Generator(make_runner(way, std::make_shared<const Decoders>(config(), weights, DecoderChoices{caches})),
                   config(), sequences);
}

std::vector<std::int64_t> encoded(const std::string& text) { return make_byte_tokenizer(2)->encode(text); }

std::vector<float> logits_of(Generator& g) {
  const Value& logits = g.last_logits();
  return {logits.as<float>(), logits.as<float>() + logits.shape().elements()};
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(double(a[i]) - double(b[i])) / std::max(1., std::abs(double(b[i]))));
  }
  return largest;
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Generator, AnswersWhatWasPlanted) {
  const auto text = make_byte_tokenizer(2);
  for (const char* caches : {"", "local=window;global=in_place", "local=window;global=kivi:bits=8,group=64"}) {
    Generator g = generator(caches);
    g.append(text->encode(kFact));
    std::string answer;
    g.generate(6, Sampler({}), [&](std::int64_t id) {
      answer += text->decode(id);
      return Generator::Go::kOn;
    });
    EXPECT_EQ(answer, " 50713") << caches;
  }
}

TEST(Generator, EqualsRecomputationUnderForcedTokens) {
  Random random(3);
  Generator cached = generator("local=window;global=in_place");
  std::vector<std::int64_t> text{2};
  cached.append(text);
  for (int i = 0; i < 150; ++i) {
    const std::vector<std::int64_t> forced{random.integer(4, 259)};
    cached.append(forced);
    text.push_back(forced[0]);
    if (i % 7 != 0) continue;  // the tokens between are taken in together
    Generator fresh = generator();
    fresh.append(text);
    // f32 through four layers, in other orders of sums.
    ASSERT_LT(distance(logits_of(cached), logits_of(fresh)), 1e-5) << text.size();
  }
}

TEST(Generator, WritesWithEveryStrategy) {
  for (const Strategy* strategy : all_strategies()) {
    Generator g = generator(strategy->name);
    g.append(encoded("In the beginning"));
    EXPECT_GT(g.generate(70, Sampler({.temperature = 1, .seed = 5})), 0) << strategy->name;
    for (const float x : logits_of(g)) ASSERT_TRUE(std::isfinite(x)) << strategy->name;
  }
}

TEST(Generator, ResumesInTheMiddleWithTheSameBits) {
  const Sampler sampler({.temperature = 0.8, .top_k = 40, .seed = 11});
  for (const char* caches : {"", "local=window;global=kivi:bits=4,group=16,residual=16", "h2o:heavy=8,recent=8"}) {
    Generator first = generator(caches), second = generator(caches);
    first.append(encoded("And it came to pass"));
    first.generate(30, sampler);
    std::vector<std::byte> bytes;
    SnapshotWriter writer(bytes);
    first.save(writer);
    second.append(encoded("something else"));
    second.generate(3, sampler);
    SnapshotReader reader(bytes);
    second.load(reader);
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(same_bits(logits_of(first), logits_of(second))) << caches << " " << i;
      ASSERT_EQ(first.step(sampler), second.step(sampler));
    }
  }
}

TEST(Generator, ResumesUnderEveryWay) {
  for (const char* way : {"recompute", "lru:2", "dynamic:2", "bucketed:16"}) {
    Generator first = generator("", 2, way), second = generator("", 2, way);
    first.append(encoded("And it came to pass"));
    first.step(Sampler({}));
    std::vector<std::byte> bytes;
    SnapshotWriter writer(bytes);
    first.save(writer);
    SnapshotReader reader(bytes);
    second.load(reader);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(first.step(Sampler({})), second.step(Sampler({}))) << way;
    EXPECT_TRUE(same_bits(logits_of(first), logits_of(second))) << way;
  }
}

TEST(Generator, ARecordWhoseTextAndCachesDisagreeIsRefused) {
  Generator g = generator(), other = generator();
  g.append(encoded("so"));
  g.last_logits();
  other.append(encoded("so it"));
  other.last_logits();
  std::vector<std::byte> text, caches, mixed;
  SnapshotWriter whole(text), inner(caches);
  g.save(whole);
  g.runner().save(inner);
  mixed.assign(text.begin(), text.end() - std::ptrdiff_t(caches.size()));
  SnapshotWriter tail(mixed);
  other.runner().save(tail);
  const std::vector<float> before = logits_of(g);
  SnapshotReader reader(mixed);
  EXPECT_NE(message_of([&] { g.load(reader); }).find("3 tokens were taken in, the caches are of 6"), std::string::npos);
  EXPECT_EQ(g.length(), 3);
  EXPECT_TRUE(same_bits(logits_of(g), before));
}

TEST(Generator, SequencesOfABatchAreTextsOfTheirOwn) {
  const std::vector<std::int64_t> a = encoded("Moses said"), b = encoded("Whale ahoy");
  ASSERT_EQ(a.size(), b.size());
  Generator both = generator("", 2), one = generator(), other = generator();
  std::vector<std::int64_t> ids(a);
  ids.insert(ids.end(), b.begin(), b.end());
  both.append(ids);
  one.append(a);
  other.append(b);
  for (int i = 0; i < 10; ++i) {
    const std::vector<std::int64_t> next = both.step(Sampler({}));
    EXPECT_EQ(next, (std::vector<std::int64_t>{one.step(Sampler({}))[0], other.step(Sampler({}))[0]})) << i;
  }
}

TEST(Generator, RefusesWhatIsNoTextAndStaysAsItWas) {
  Generator g = generator();
  EXPECT_NE(message_of([&] { g.last_logits(); }).find("no tokens"), std::string::npos);
  g.append(encoded("so"));
  const std::vector<float> before = logits_of(g);
  const std::vector<std::int64_t> bad{5, 260}, negative{-1}, long_text(2048, 7);
  EXPECT_NE(message_of([&] { g.append(bad); }).find("token 260: expected 0 to 259"), std::string::npos);
  EXPECT_NE(message_of([&] { g.append(negative); }).find("token -1"), std::string::npos);
  EXPECT_NE(message_of([&] { g.append(long_text); }).find("2048 positions"), std::string::npos);
  EXPECT_EQ(g.length(), 3);
  EXPECT_TRUE(same_bits(logits_of(g), before));
}

TEST(Generator, StopsWhereItIsTold) {
  Generator g = generator();
  g.append(encoded("In the beginning"));
  const auto stop = [](std::int64_t) { return Generator::Go::kStop; };
  EXPECT_EQ(g.generate(10, Sampler({}), stop), 1);
  EXPECT_EQ(g.length(), 18);
}

TEST(CacheChoice, APlainStrategyLeavesOutTheLayersThatItDoesNotFit) {
  SafetensorsWeights weights(kFolder);
  Model model = build_decoder(config(), weights);
  EXPECT_EQ(choose_caches(model, config(), "in_place").size(), 2u);  // the local layers would see more than they may
  Model grouped = decoder();
  EXPECT_NE(message_of([&] { choose_caches(grouped, config(), "local=in_place"); }).find("'attn_0'"),
            std::string::npos);
  EXPECT_TRUE(same_graph(grouped, decoder()));
}

TEST(CacheChoice, AWindowThatNoTextOutgrowsIsNone) {
  ModelConfig short_texts = config();
  for (const auto& [positions, local] : {std::pair{64, 0}, {65, 2}}) {  // the window is 64
    short_texts.max_positions = positions;
    SafetensorsWeights weights(kFolder);
    Model model = build_decoder(short_texts, weights);
    EXPECT_TRUE(choose_caches(model, short_texts, "local=window;global=in_place").empty());
    int windows = 0, all = 0;
    for (const NodeId id : model.nodes()) {
      const auto* fused = model.op_as<KvSdpa>(id);
      windows += fused && fused->options.strategy.starts_with("window");
      all += fused && fused->options.strategy == "in_place";
    }
    EXPECT_EQ(windows, local) << positions;
    EXPECT_EQ(all, 4 - local) << positions;
  }
}

TEST(CacheChoice, RefusesSpellingsThatAreNone) {
  for (const char* spelling : {"local=window;local=window", "near=window", "local", "local=window;", "local=windw"}) {
    Model model = decoder();
    EXPECT_NE(message_of([&] { choose_caches(model, config(), spelling); }), "no error") << spelling;
  }
}

}  // namespace
}  // namespace kvproof
