// Trace files: the captured one is true, foreign ones are read, wrong ones are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "datasets/tests/reference.h"
#include "datasets/trace.h"
#include "engine/base/error.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {
namespace {

Tensor ramp(DType dtype, const Shape& shape) {
  Tensor tensor(DType::kF32, shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) tensor.as<float>()[i] = float(i % 17) - 8;
  return to_dtype(tensor, dtype);
}

// What a test writes and reads again, one layer unless it adds another.
struct Contents {
  std::vector<NamedTensor> tensors;
  TensorMetadata metadata;

  Tensor& operator[](const std::string& name) { return std::ranges::find(tensors, name, &NamedTensor::name)->tensor; }
  void add_layer(int i) {
    const std::string suffix = "." + std::to_string(i);
    tensors.push_back({"q" + suffix, ramp(DType::kF16, {2, 4, 5, 8})});
    tensors.push_back({"k" + suffix, ramp(DType::kBF16, {2, 2, 5, 8})});
    tensors.push_back({"v" + suffix, ramp(DType::kF32, {2, 2, 5, 3})});
  }
};

std::vector<Trace> write_and_read(const Contents& contents) {
  const std::string path = testing::TempDir() + "trace_file_test." +
                           testing::UnitTest::GetInstance()->current_test_info()->name() + ".safetensors";
  write_safetensors(path, contents.tensors, contents.metadata);
  struct Removal {
    const std::string& path;
    ~Removal() { std::filesystem::remove(path); }
  } removal{path};
  return read_trace(path);
}

TEST(TinyGemma, HasFourLayersWithAndWithoutWindow) {
  const std::vector<Trace> layers = read_trace(tiny_gemma_dir() + "/trace.safetensors");
  ASSERT_EQ(layers.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(layers[i].name, "tiny-gemma." + std::to_string(i));
    EXPECT_EQ(layers[i].geometry(), (Geometry{1, 4, 2, 64, 64}));
    EXPECT_EQ(layers[i].tokens(), 1024);
    EXPECT_EQ(layers[i].expected_tokens(), 64);
    EXPECT_EQ(layers[i].scale, 0.125f);
    EXPECT_EQ(layers[i].window, i % 2 ? 0 : 64);
  }
}

TEST(TinyGemma, ExpectedOutputsAreTheAttentionOfItsRows) {
  for (const Trace& trace : read_trace(tiny_gemma_dir() + "/trace.safetensors")) {
    for (const int head : {0, 1, 2, 3}) {
      for (const Position m : {0, 31, 63}) {
        const std::vector<double> output = attention_output(trace, 0, head, trace.tokens() - 64 + m);
        const float* stored = row(trace.expected, 0, head, m);
        double largest = 0;
        for (const double x : output) largest = std::max(largest, std::abs(x));
        for (std::size_t c = 0; c < output.size(); ++c) {
          // Half a unit in the last place of the stored float, and a little float64 rounding of the
          // largest.
          EXPECT_NEAR(output[c], stored[c], 0x1p-24 * std::abs(output[c]) + 1e-13 * largest)
              << trace.name << " head " << head << " output " << m << " channel " << c;
        }
      }
    }
  }
}

TEST(TinyGemma, CheckpointOpens) {
  const SafetensorsFile file = SafetensorsFile::open(tiny_gemma_dir() + "/model.safetensors");
  const TensorInfo embedding = file.info("model.embed_tokens.weight");
  EXPECT_EQ(embedding.dtype, DType::kBF16);
  EXPECT_EQ(embedding.shape, (Shape{260, 128}));
  std::int64_t parameters = 0;
  for (const std::string& name : file.names()) parameters += file.info(name).shape.elements();
  EXPECT_EQ(parameters, 969'856);  // as its card says
}

TEST(TraceFile, NeedsNoMetadata) {
  Contents contents;
  contents.add_layer(0);
  contents.add_layer(1);
  const std::vector<Trace> layers = write_and_read(contents);
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[1].geometry(), (Geometry{2, 4, 2, 8, 3}));
  EXPECT_EQ(layers[1].scale, float(1 / std::sqrt(8.0)));
  EXPECT_EQ(layers[1].window, 0);
  EXPECT_EQ(layers[1].expected_tokens(), 0);
  EXPECT_EQ(row(layers[1].q, 1, 3, 4)[7], float((2 * 4 * 5 * 8 - 1) % 17) - 8);
}

TEST(TraceFile, WithoutABatchAxisIsABatchOfOne) {
  Contents contents{.tensors = {{"q.0", ramp(DType::kF32, {4, 5, 8})},
                                {"k.0", ramp(DType::kF32, {2, 5, 8})},
                                {"v.0", ramp(DType::kF32, {2, 5, 8})},
                                {"out.0", ramp(DType::kF32, {4, 2, 8})}}};
  const Trace trace = write_and_read(contents).at(0);
  EXPECT_EQ(trace.geometry(), (Geometry{1, 4, 2, 8, 8}));
  EXPECT_EQ(trace.expected_tokens(), 2);
}

TEST(TraceFile, MetadataSetsScaleSoftcapAndWindow) {
  Contents contents{.metadata = {{"scale", "0.25"},
                                 {"softcap", "50"},
                                 {"sliding_window", "3"},
                                 {"layer_types", "full_attention,sliding_attention"}}};
  contents.add_layer(0);
  contents.add_layer(1);
  const std::vector<Trace> layers = write_and_read(contents);
  EXPECT_EQ(layers[0].scale, 0.25f);
  EXPECT_EQ(layers[0].softcap, 50);
  EXPECT_EQ(layers[0].window, 0);
  EXPECT_EQ(layers[1].window, 3);
}

TEST(TraceFile, ThatContradictsItselfIsRefused) {
  const struct {
    const char* what;  // a word that the message must contain
    std::function<void(Contents&)> spoil;
  } cases[] = {
      {"'q.0'", [](Contents& c) { c.tensors[0].name = "query"; }},
      {"'k.0'", [](Contents& c) { c.tensors[1].name = "key"; }},
      {"'v.0'", [](Contents& c) { c.tensors[2].name = "value"; }},
      {"'k.0'", [](Contents& c) { c["k.0"] = ramp(DType::kF32, {2, 2, 6, 8}); }},
      {"'k.0'", [](Contents& c) { c["k.0"] = ramp(DType::kF32, {2, 2, 5, 4}); }},
      {"'v.0'", [](Contents& c) { c["v.0"] = ramp(DType::kF32, {2, 4, 5, 3}); }},
      {"'v.0'", [](Contents& c) { c["v.0"] = ramp(DType::kF32, {2, 2, 4, 3}); }},
      {"multiple", [](Contents& c) { c["q.0"] = ramp(DType::kF32, {2, 3, 5, 8}); }},
      {"'q.0'", [](Contents& c) { c["q.0"] = ramp(DType::kF32, {5, 8}); }},
      {"i32", [](Contents& c) { c["q.0"] = Tensor(DType::kI32, {2, 4, 5, 8}); }},
      {"finite", [](Contents& c) { c["v.0"].as<float>()[7] = NAN; }},
      {"finite", [](Contents& c) { c["v.0"].as<float>()[0] = INFINITY; }},
      {"'out.0'", [](Contents& c) { c.tensors.push_back({"out.0", ramp(DType::kF32, {2, 4, 6, 3})}); }},
      {"'out.0'", [](Contents& c) { c.tensors.push_back({"out.0", ramp(DType::kF32, {2, 4, 1, 8})}); }},
      {"scale", [](Contents& c) { c.metadata["scale"] = "0"; }},
      {"scale", [](Contents& c) { c.metadata["scale"] = "nan"; }},
      {"softcap", [](Contents& c) { c.metadata["softcap"] = "none"; }},
      {"sliding_window", [](Contents& c) { c.metadata["sliding_window"] = "-4"; }},
      {"sliding_window", [](Contents& c) { c.metadata["layer_types"] = "sliding_attention"; }},
      {"'local'", [](Contents& c) { c.metadata["layer_types"] = "local"; }},
      {"layer_types", [](Contents& c) { c.metadata["layer_types"] = "full_attention,full_attention"; }},
  };
  for (const auto& [what, spoil] : cases) {
    Contents contents;
    contents.add_layer(0);
    spoil(contents);
    try {
      write_and_read(contents);
      ADD_FAILURE() << "accepted: " << what;
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(what), std::string::npos) << message;
      EXPECT_NE(message.find(".safetensors"), std::string::npos) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
  }
}

TEST(TraceFile, WithoutTokensIsStillHeldToTheLimitsOfAGeometry) {
  const Tensor nothing(DType::kF32, {1 << 20, 1 << 20, 0, 1});
  Contents contents{.tensors = {{"q.0", nothing}, {"k.0", nothing}, {"v.0", nothing}}};
  EXPECT_THROW(write_and_read(contents), Error);
}

TEST(TraceFile, HasAPositiveNumberOfChannels) {
  Contents contents{.tensors = {{"q.0", Tensor(DType::kF32, {1, 1, 5, 0})},
                                {"k.0", Tensor(DType::kF32, {1, 1, 5, 0})},
                                {"v.0", Tensor(DType::kF32, {1, 1, 5, 1})}}};
  EXPECT_THROW(write_and_read(contents), Error);
}

}  // namespace
}  // namespace kvproof
