// The graph of a decoder against the checkpoint that ships with the project, whose logits were computed in float64.
#include "engine/model/decoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "engine/base/error.h"
#include "engine/graph/session.h"
#include "engine/model/safetensors_weights.h"
#include "engine/rewrite/transform.h"

namespace kvproof {
namespace {

const std::string kFolder = KVPROOF_TINY_GEMMA;

Model tiny_gemma() {
  SafetensorsWeights weights(kFolder + "/model.safetensors");
  Model model = build_decoder(read_config_json(kFolder), weights);
  EXPECT_TRUE(weights.unused().empty());
  return model;
}

class TinyGemma : public testing::Test {
 protected:
  TinyGemma() : trace_(SafetensorsFile::open(kFolder + "/trace.safetensors")), ids_(trace_.read("input_ids")) {}

  Value ids(std::int64_t first, std::int64_t n) const {
    Tensor some(DType::kI64, {1, n});
    std::copy_n(ids_.as<std::int64_t>() + first, n, some.as<std::int64_t>());
    return some;
  }
  // Turns of `lengths` tokens from the start of the text; the logits of all tokens, one row behind the other.
  std::vector<float> run(const Model& model, const std::vector<std::int64_t>& lengths) const {
    Session session(std::make_shared<Plan>(model));
    std::vector<float> rows;
    std::int64_t first = 0;
    for (const std::int64_t n : lengths) {
      const Value logits = session.run(std::vector<Value>{ids(first, n)}).front();
      rows.insert(rows.end(), logits.as<float>(), logits.as<float>() + logits.shape().elements());
      first += n;
    }
    return rows;
  }

  SafetensorsFile trace_;
  Tensor ids_;
};

std::vector<std::int64_t> prompt_then_single(std::int64_t prompt, std::int64_t single) {
  std::vector<std::int64_t> lengths{prompt};
  lengths.insert(lengths.end(), std::size_t(single), 1);
  return lengths;
}

// The largest |a - b| / max(1, |b|) over the last `n` elements.
double distance(const std::vector<float>& a, const float* b, std::size_t n) {
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double want = double(b[i]);
    largest = std::max(largest, std::abs(double(a[a.size() - n + i]) - want) / std::max(1., std::abs(want)));
  }
  return largest;
}

TEST_F(TinyGemma, GivesTheLogitsOfItsTrace) {
  const std::vector<float> logits = run(tiny_gemma(), {ids_.shape().elements()});
  const Tensor expected = trace_.read("logits");
  // f32 through four layers of sums over at most 352 terms: some hundred roundings of 2^-24 each.
  EXPECT_LT(distance(logits, expected.as<float>(), std::size_t(expected.shape().elements())), 1e-4);
}

TEST_F(TinyGemma, DecodesWhatItPrefills) {
  const Model model = tiny_gemma();
  const std::vector<float> whole = run(model, {200}), steps = run(model, prompt_then_single(120, 80));
  ASSERT_EQ(whole.size(), steps.size());
  // Attention has the same bits in both; products round in another order where they have more rows.
  EXPECT_LT(distance(steps, whole.data(), whole.size()), 1e-5);
}

TEST_F(TinyGemma, HasTheSameBitsWithItsCachesFused) {
  const Model model = tiny_gemma();
  Model fused = model;
  EXPECT_EQ(apply_transform(fused, "fuse_window_kv_sdpa").fired("fuse_window_kv_sdpa"), 2);
  EXPECT_EQ(apply_transform(fused, "fuse_inplace_kv_sdpa").fired("fuse_inplace_kv_sdpa"), 2);
  const auto lengths = prompt_then_single(100, 60);
  const std::vector<float> expected = run(model, lengths), actual = run(fused, lengths);
  ASSERT_EQ(expected.size(), actual.size());
  EXPECT_EQ(std::memcmp(expected.data(), actual.data(), expected.size() * sizeof(float)), 0);
}

TEST_F(TinyGemma, EndsWhereItsPositionsEnd) {
  ModelConfig config = read_config_json(kFolder);
  config.max_positions = 8;
  SafetensorsWeights weights(kFolder + "/model.safetensors");
  Session session(std::make_shared<Plan>(build_decoder(config, weights)));
  session.run(std::vector<Value>{ids(0, 8)});
  EXPECT_THROW(session.run(std::vector<Value>{ids(8, 1)}), Error);
}

TEST_F(TinyGemma, NamesATensorThatIsOfAnotherShape) {
  ModelConfig config = read_config_json(kFolder);
  config.intermediate += 2;
  SafetensorsWeights weights(kFolder + "/model.safetensors");
  try {
    build_decoder(config, weights);
    ADD_FAILURE() << "built";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("model.layers.0.mlp.gate_proj.weight"), std::string::npos) << error.what();
  }
}

TEST(Decoder, AllTensorsThatAreMissingAreNamed) {
  class Some : public WeightSource {
   public:
    Some() : WeightSource("some", NormGain::kAsTrained) {}

   private:
    Constant load(const std::string&) const override { return Constant(Tensor(DType::kF32, Shape{})); }
  } none;
  const ModelConfig config = read_config_json(kFolder);
  try {
    build_decoder(config, none);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(error.what()).find("some: has no tensor 'model.embed_tokens.weight', "), std::string::npos);
    // 13 of each layer, the embedding and the last norm; five of them by name
    EXPECT_NE(std::string(error.what()).find(" and " + std::to_string(13 * config.layers.size() + 2 - 5) + " more"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace kvproof
