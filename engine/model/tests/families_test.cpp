// Every family as a graph against the same numbers in plain float64 loops, on random weights.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/graph/session.h"
#include "engine/model/decoder.h"
#include "engine/model/tests/reference_decoder.h"

namespace kvproof {
namespace {

constexpr std::int64_t kTokens = 14;

// Small, and odd where a family allows it: G = 3, a head width that is not hidden / heads, windows below the prompt.
ModelConfig small(Family family) {
  ModelConfig c = config_of(family);
  c.vocab = 53;
  c.hidden = 24;
  c.intermediate = 40;
  c.heads = 6;
  c.kv_heads = 2;
  c.head_dim = 10;
  c.max_positions = 64;
  c.query_scale = 0.29;
  c.layers.resize(3);
  const bool has_windows = family == Family::kGemma2 || family == Family::kGemma3 || family == Family::kMistral;
  c.layers[0].window = has_windows ? 5 : 0;
  return c;
}

std::vector<ModelConfig> configurations() {
  std::vector<ModelConfig> all;
  for (const Family family : {Family::kGemma, Family::kGemma2, Family::kGemma3, Family::kLlama, Family::kMistral,
                              Family::kQwen2, Family::kQwen3}) {
    all.push_back(small(family));
  }
  all[0].embedding_scale = std::sqrt(24.);
  all[1].attention_softcap = 5;
  all[1].final_softcap = 3;
  // Layers that differ from the first in the scaling alone, and in both.
  for (std::size_t i = 1; i < 3; ++i) all[2].layers[i].rope_scaling = {RopeScaling::Kind::kLinear, 8};
  all[2].layers[2].rope_theta = 1'000'000;
  for (LayerConfig& layer : all[3].layers) layer.rope_scaling = {RopeScaling::Kind::kLlama3, 8, 1, 4, 16};
  all[4].output_bias = all[4].mlp_bias = true;
  return all;
}

class Families : public testing::TestWithParam<std::size_t> {};

TEST_P(Families, EqualTheReferenceInOneTurnAndInMany) {
  const ModelConfig config = configurations()[GetParam()];
  RandomWeights weights(config);
  const auto plan = std::make_shared<Plan>(build_decoder(config, weights));
  EXPECT_TRUE(weights.unused().empty());
  std::vector<std::int64_t> ids;
  Random random(5);
  for (std::int64_t i = 0; i < kTokens; ++i) ids.push_back(random.integer(0, config.vocab - 1));
  const Rows expected = ReferenceDecoder(config, weights).logits(ids);
  for (const std::vector<std::int64_t>& turns : {std::vector<std::int64_t>{kTokens}, {6, 1, 1, 3, 1, 2}}) {
    Session session(plan);
    std::int64_t at = 0;
    for (const std::int64_t n : turns) {
      Tensor chunk(DType::kI64, {1, n});
      std::copy_n(ids.data() + at, n, chunk.as<std::int64_t>());
      const Value logits = session.run(std::vector<Value>{Value(std::move(chunk))}).front();
      for (std::int64_t i = 0; i < n * config.vocab; ++i) {
        const double want = expected[std::size_t(at + i / config.vocab)][std::size_t(i % config.vocab)];
        // f32 through three layers of sums over at most 60 terms: some hundred roundings of 2^-24.
        ASSERT_NEAR(double(logits.as<float>()[i]), want, 2e-5 * std::max(1., std::abs(want))) << at << " " << i;
      }
      at += n;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Families, testing::Range(std::size_t(0), std::size_t(7)),
                         [](const auto& test) { return std::string(name_of(configurations()[test.param].family)); });

}  // namespace
}  // namespace kvproof
