// Every family, from each format of checkpoint, against what Hugging Face transformers computes with the same weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/session.h"
#include "engine/model/checkpoint.h"
#include "engine/model/decoder.h"
#include "engine/model/generator.h"
#include "engine/model/gguf_blocks.h"

namespace kvproof {
namespace {

const std::string kFolder = KVPROOF_GOLDENS;

// Both sides round in f32, each in its own order. If every weight moves by half a bit, these logits move by up to 2e-5,
// these rows of K and V by up to 4e-6.
constexpr double kLogits = 1e-4, kRows = 1e-5;

// "" or what differs by more than `tolerance` * max(1, |expected|) first, and how many do.
std::string differences(const float* actual, const float* expected, std::int64_t n, double tolerance) {
  std::int64_t count = 0, first = -1;
  for (std::int64_t i = 0; i < n; ++i) {
    const double want = double(expected[i]), bound = tolerance * std::max(1., std::abs(want));
    if (std::abs(double(actual[i]) - want) <= bound) continue;  // NaN is not
    if (count++ == 0) first = i;
  }
  if (count == 0) return "";
  return std::to_string(count) + " of " + std::to_string(n) + " differ, first at " + std::to_string(first) + ": " +
         std::to_string(actual[first]) + " for " + std::to_string(expected[first]);
}

struct Golden {
  std::string name, model;  // its folder; the file in it, or "" for the folder itself
};

std::vector<Golden> goldens() {
  std::vector<Golden> all;
  for (const char* family : {"gemma", "gemma2", "gemma3", "llama", "mistral", "qwen2", "qwen3"}) {
    all.push_back({family, ""});
    all.push_back({family, "/model.gguf"});
  }
  for (const char* quantised : {"llama_quantised", "gemma3_quantised"}) all.push_back({quantised, "/model.gguf"});
  return all;
}

Value some_ids(const std::int64_t* ids, std::int64_t n) {
  Tensor some(DType::kI64, {1, n});
  std::copy_n(ids, n, some.as<std::int64_t>());
  return some;
}

class Goldens : public testing::TestWithParam<Golden> {
 protected:
  Goldens() : expected_(SafetensorsFile::open(kFolder + "/" + GetParam().name + "/expected.safetensors")) {
    Checkpoint checkpoint = open_checkpoint(kFolder + "/" + GetParam().name + GetParam().model);
    config_ = checkpoint.config;
    weights_ = std::make_shared<const SharedWeights>(std::move(checkpoint.weights));
    const Tensor ids = expected_.read("ids");
    prompt_.assign(ids.as<std::int64_t>(), ids.as<std::int64_t>() + ids.shape().elements());
  }
  std::int64_t length() const { return std::int64_t(prompt_.size()); }

  // `n` rows of logits, of the tokens from `at` on.
  void expect_logits(const Value& logits, std::int64_t at, std::int64_t n) const {
    ASSERT_EQ(logits.shape().elements(), n * config_.vocab);
    EXPECT_EQ(differences(logits.as<float>(), expected_.read("logits").as<float>() + at * config_.vocab,
                          n * config_.vocab, kLogits),
              "")
        << "logits from " << at;
  }
  // Behind the logits: K and V of every layer, of the whole prompt.
  void expect_rows(const std::vector<Value>& outputs) const {
    ASSERT_EQ(outputs.size(), 1 + 2 * config_.layers.size());
    for (std::size_t i = 1; i < outputs.size(); ++i) {
      const std::string name = (i % 2 ? "k." : "v.") + std::to_string((i - 1) / 2);
      const Tensor rows = expected_.read(name);
      ASSERT_EQ(rows.shape(), Shape({config_.kv_heads, length(), config_.head_dim}));
      ASSERT_EQ(outputs[i].shape(), Shape({1, config_.kv_heads, length(), config_.head_dim}));
      EXPECT_EQ(differences(outputs[i].as<float>(), rows.as<float>(), rows.shape().elements(), kRows), "") << name;
    }
  }

  SafetensorsFile expected_;
  ModelConfig config_;
  std::shared_ptr<const SharedWeights> weights_;
  std::vector<std::int64_t> prompt_;
};

TEST_P(Goldens, HaveTheLogitsKeysAndValuesOfEveryPosition) {
  const auto plan =
      std::make_shared<Plan>(build_decoder(config_, *weights_->source(), {.rows = DecoderOptions::Rows::kOutputs}));
  EXPECT_TRUE(weights_->unused().empty());
  for (const auto& turns : {std::vector{length()}, {1, 3, length() - 4}}) {
    SCOPED_TRACE(std::to_string(turns.size()) + " turns");
    Session session(plan);
    std::vector<Value> outputs;
    std::int64_t at = 0;
    for (const std::int64_t n : turns) {
      outputs = session.run(std::vector{some_ids(prompt_.data() + at, n)});
      expect_logits(outputs[0], at, n);
      at += n;
    }
    expect_rows(outputs);
  }
}

// Half of the prompt in one turn, the rest token by token, then on.
TEST_P(Goldens, AreWhatEveryWayDecodes) {
  const Tensor greedy = expected_.read("greedy");
  for (const char* way : {"recompute", "cached", "lru:2", "dynamic:4", "bucketed:64"}) {
    SCOPED_TRACE(way);
    const auto runner = make_runner(
        way,
        std::make_shared<const Decoders>(config_, weights_, DecoderChoices{.rows = DecoderChoices::Rows::kOutputs}));
    std::vector<Value> outputs = runner->run(some_ids(prompt_.data(), length() / 2));
    expect_logits(outputs[0], length() / 2 - 1, 1);
    for (std::int64_t at = length() / 2; at < length(); ++at) {
      outputs = runner->run(some_ids(prompt_.data() + at, 1));
      expect_logits(outputs[0], at, 1);
    }
    expect_rows(outputs);
    for (std::int64_t i = 0; i < greedy.shape().elements(); ++i) {
      const float* logits = outputs[0].as<float>();
      const std::int64_t best = std::max_element(logits, logits + config_.vocab) - logits;
      ASSERT_EQ(best, greedy.as<std::int64_t>()[i]) << "token " << i;
      outputs = runner->run(some_ids(&best, 1));
    }
  }
}

TEST_P(Goldens, AreWhatEachExactCacheDecodes) {
  const Tensor greedy = expected_.read("greedy");
  for (const char* caches : {"", "in_place", "window"}) {
    SCOPED_TRACE(caches);
    const auto decoders = std::make_shared<const Decoders>(config_, weights_, DecoderChoices{caches});
    Generator generator(make_runner("cached", decoders), config_);
    for (std::int64_t at = 0; at < length(); ++at) {
      generator.append({&prompt_[std::size_t(at)], 1});
      expect_logits(generator.last_logits(), at, 1);
    }
    for (std::int64_t i = 0; i < greedy.shape().elements(); ++i) {
      ASSERT_EQ(generator.step(Sampler({})).front(), greedy.as<std::int64_t>()[i]) << "token " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Goldens, testing::ValuesIn(goldens()), [](const auto& test) {
  return test.param.name + (test.param.model.empty() ? "_safetensors" : "_gguf");
});

class GoldenBlocks : public testing::TestWithParam<const char*> {};

TEST_P(GoldenBlocks, HaveTheSameBits) {
  const std::string name = GetParam();
  const SafetensorsFile file = SafetensorsFile::open(kFolder + "/blocks.safetensors");
  const Tensor blocks = file.read(name + ".blocks"), values = file.read(name + ".values");
  std::vector<float> decoded(std::size_t(values.shape().elements()));
  decode_gguf(*find_gguf_type(name), {blocks.view().data, blocks.view().size_bytes()}, decoded.data());
  EXPECT_EQ(std::memcmp(decoded.data(), values.as<float>(), decoded.size() * sizeof(float)), 0);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenBlocks,
                         testing::Values("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K", "F16", "BF16"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace kvproof
