// Captured layers against the trace that ships with the project, which was computed in float64 apart from it.
#include "datasets/tools/capture_layers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>

#include "datasets/tests/reference.h"
#include "datasets/trace.h"
#include "engine/base/error.h"
#include "engine/base/parallel.h"

namespace kvproof {
namespace {

const std::string& shipped_trace() {
  static const std::string path = tiny_gemma_dir() + "/trace.safetensors";
  return path;
}

std::vector<std::int64_t> ids_of_the_trace(std::int64_t n = 1024) {
  const Tensor ids = SafetensorsFile::open(shipped_trace()).read("input_ids");
  return {ids.as<std::int64_t>(), ids.as<std::int64_t>() + n};
}

TraceContents capture(std::span<const std::int64_t> ids, const CaptureOptions& options) {
  return capture_layers(open_checkpoint(tiny_gemma_dir()), ids, options);
}

const Tensor& tensor(const TraceContents& trace, const std::string& name) {
  return std::ranges::find(trace.tensors, name, &NamedTensor::name)->tensor;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.view().data, b.view().data, a.view().size_bytes()) == 0;
}

// As whoever captures and then reads the file gets it.
std::vector<Trace> written_and_read(const TraceContents& trace) {
  const std::string path = testing::TempDir() + "capture_layers_test." + std::to_string(getpid()) + ".safetensors";
  write_safetensors(path, trace.tensors, trace.metadata);
  std::vector<Trace> layers = read_trace(path);
  std::filesystem::remove(path);
  return layers;
}

// How far numbers that model arithmetic in f32 and in f64 gives may lie apart, through four layers.
double arithmetic(double x) { return 1e-5 * std::max(1., std::abs(x)); }
// Half a unit in the last place of a number as f16 has it.
double half_unit(double x) { return 0x1p-11 * std::abs(x) + 0x1p-25; }

// `rounded`: how many of the two were rounded to f16, the expected one always.
void expect_close(const Tensor& actual, const Tensor& expected, int rounded, const std::string& what) {
  ASSERT_EQ(actual.shape(), expected.shape()) << what;
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < expected.shape().elements(); ++i) {
    const double a = double(actual.as<float>()[i]), b = double(expected.as<float>()[i]);
    const double allowed = half_unit(b) + (rounded == 2 ? half_unit(a) : 0) + arithmetic(b);
    wrong += !(std::abs(a - b) <= allowed);
  }
  EXPECT_EQ(wrong, 0) << what;
}

TEST(CaptureLayers, GiveTheShippedTrace) {
  const std::vector<Trace> expected = read_trace(shipped_trace());
  for (const DType dtype : {DType::kF16, DType::kF32}) {
    const int rounded = dtype == DType::kF16 ? 2 : 1;
    const std::vector<Trace> layers =
        written_and_read(capture(ids_of_the_trace(), {.layers = {0, 1, 2, 3}, .dtype = dtype, .outputs = 64}));
    ASSERT_EQ(layers.size(), 4u);
    for (std::size_t i = 0; i < 4; ++i) {
      const std::string of = "layer " + std::to_string(i);
      expect_close(layers[i].q, expected[i].q, rounded, of + " q");
      expect_close(layers[i].k, expected[i].k, rounded, of + " k");
      expect_close(layers[i].v, expected[i].v, rounded, of + " v");
      EXPECT_EQ(layers[i].scale, expected[i].scale);
      EXPECT_EQ(layers[i].softcap, 0);
      EXPECT_EQ(layers[i].window, expected[i].window);
      EXPECT_EQ(layers[i].expected.shape(), expected[i].expected.shape());
    }
  }
}

// A checkpoint of Gemma 2, which has softcaps and a window of 6, with the keys and values that Hugging Face
// transformers computes.
const std::string kGemma2 = KVPROOF_GOLDENS "/gemma2";

TEST(CaptureLayers, GiveTheRowsOfHuggingFaceTransformersFromEitherFormat) {
  const SafetensorsFile golden = SafetensorsFile::open(kGemma2 + "/expected.safetensors");
  const Tensor ids = golden.read("ids");
  for (const std::string& path : {kGemma2, kGemma2 + "/model.gguf"}) {
    const CaptureOptions options{.layers = {0, 1, 2}, .dtype = DType::kF32, .outputs = 24};
    const std::vector<Trace> layers = written_and_read(
        capture_layers(open_checkpoint(path), {ids.as<std::int64_t>(), std::size_t(ids.shape().elements())}, options));
    ASSERT_EQ(layers.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      for (const auto& [part, rows] : {std::pair("k", &layers[i].k), std::pair("v", &layers[i].v)}) {
        const Tensor expected = golden.read(fmt::format("{}.{}", part, i));
        ASSERT_EQ(rows->shape(), (Shape{1, 2, 24, 8}));
        for (std::int64_t e = 0; e < expected.shape().elements(); ++e) {
          const double want = double(expected.as<float>()[e]);
          ASSERT_NEAR(rows->as<float>()[e], want, arithmetic(want)) << path << " " << part << "." << i;
        }
      }
      EXPECT_EQ(layers[i].scale, float(1 / std::sqrt(5.)));
      EXPECT_EQ(layers[i].softcap, 5);
      EXPECT_EQ(layers[i].window, i == 1 ? 0 : 6);
    }
  }
}

TEST(CaptureLayers, OutputsAreTheAttentionOfTheRowsInTheFile) {
  for (const std::string& path : {tiny_gemma_dir(), kGemma2}) {
    const std::vector<std::int64_t> ids{2, 7, 30, 11, 11, 39, 4, 5, 6, 22, 13, 8};
    const auto n = std::int64_t(ids.size());
    for (const Trace& trace :
         written_and_read(capture_layers(open_checkpoint(path), ids, {.layers = {1, 2}, .outputs = n}))) {
      for (int head = 0; head < 4; ++head) {
        for (Position m = 0; m < n; ++m) {
          const std::vector<double> output = attention_output(trace, 0, head, m);
          for (std::size_t c = 0; c < output.size(); ++c) {
            // One rounding to f32, and the order of sums in float64.
            EXPECT_NEAR(row(trace.expected, 0, head, m)[c], output[c], 0x1p-24 * std::abs(output[c]) + 1e-12)
                << path << " " << trace.name << " head " << head << " output " << m;
          }
        }
      }
    }
  }
}

TEST(CaptureLayers, ALayerIsTheSameWhicheverOthersAreChosen) {
  const auto ids = ids_of_the_trace(100);
  const TraceContents all = capture(ids, {.layers = {0, 1, 2, 3}, .outputs = 2});
  const TraceContents some = capture(ids, {.layers = {2, 0}, .outputs = 2});
  EXPECT_EQ(some.tensors.size(), 2 * 4 + 1u);
  EXPECT_EQ(some.metadata.at("layers"), "2,0");
  EXPECT_EQ(some.metadata.at("layer_types"), "sliding_attention,sliding_attention");
  for (const std::string part : {"q", "k", "v", "out"}) {
    EXPECT_TRUE(same_bits(tensor(some, part + ".0"), tensor(all, part + ".2"))) << part;
    EXPECT_TRUE(same_bits(tensor(some, part + ".1"), tensor(all, part + ".0"))) << part;
  }
}

TEST(CaptureLayers, ThreadsChangeNoBit) {
  const auto ids = ids_of_the_trace(600);
  const CaptureOptions options{.layers = {3}, .dtype = DType::kF32, .outputs = 64};
  std::vector<TraceContents> traces;
  for (const int threads : {1, 3}) {
    traces.push_back(with_threads(threads, [&] { return capture(ids, options); }));
  }
  for (const NamedTensor& one : traces[0].tensors) {
    EXPECT_TRUE(same_bits(one.tensor, tensor(traces[1], one.name))) << one.name;
  }
}

TEST(CaptureLayers, WithoutOutputsThereIsNoTensorOfThem) {
  const TraceContents trace = capture(ids_of_the_trace(3), {.layers = {1}});
  EXPECT_EQ(trace.tensors.size(), 4u);
  EXPECT_EQ(written_and_read(trace).at(0).expected_tokens(), 0);
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(CaptureLayers, RefuseWhatTheModelDoesNotHave) {
  const struct {
    std::vector<std::int64_t> ids, layers;
    std::int64_t outputs;
    const char* part;
  } cases[] = {
      {{}, {0}, 0, "no tokens"},
      {{2, 260}, {0}, 0, "token 260: expected 0 to 259"},
      {{2, -1}, {0}, 0, "token -1"},
      {std::vector<std::int64_t>(2049, 7), {0}, 0, "2048 positions"},
      {{2, 5}, {}, 0, "no layer"},
      {{2, 5}, {0, 4}, 0, "layer 4: the model has layers 0 to 3"},
      {{2, 5}, {-1}, 0, "layer -1"},
      {{2, 5}, {1, 0, 1}, 0, "layer 1 is named twice"},
      {{2, 5}, {0}, 3, "outputs of the last 3 positions: the text has 2 tokens"},
  };
  for (const auto& c : cases) {
    const std::string message = message_of([&] { capture(c.ids, {.layers = c.layers, .outputs = c.outputs}); });
    EXPECT_NE(message.find(c.part), std::string::npos) << message;
  }
}

TEST(CaptureLayers, RefuseWhatATraceCannotSay) {
  Checkpoint checkpoint = open_checkpoint(tiny_gemma_dir());
  checkpoint.config.layers[2].window = 32;
  const std::vector<std::int64_t> ids{2, 5};
  EXPECT_NE(message_of([&] { capture_layers(std::move(checkpoint), ids, {.layers = {0, 2}}); }).find("32 and 64"),
            std::string::npos);
}

// The shipped checkpoint with the values of layer 0 a million times as large.
class LargeValues : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    std::filesystem::copy(tiny_gemma_dir() + "/config.json", folder_,
                          std::filesystem::copy_options::overwrite_existing);
    const SafetensorsFile file = SafetensorsFile::open(tiny_gemma_dir() + "/model.safetensors");
    std::vector<NamedTensor> tensors;
    for (const std::string& name : file.names()) {
      Tensor weights = file.read(name);
      if (name == "model.layers.0.self_attn.v_proj.weight") {
        Tensor wide = to_dtype(weights, DType::kF32);
        for (std::int64_t i = 0; i < wide.shape().elements(); ++i) wide.as<float>()[i] *= 0x1p20f;
        weights = to_dtype(wide, DType::kBF16);
      }
      tensors.push_back({name, std::move(weights)});
    }
    write_safetensors(folder_ + "/model.safetensors", tensors);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::string folder_ = testing::TempDir() + "kvproof-large-values-" + std::to_string(getpid());
};

TEST_F(LargeValues, DoNotFitInSixteenBits) {
  const std::vector<std::int64_t> ids{2, 77, 88};
  const auto with = [&](DType dtype) {
    capture_layers(open_checkpoint(folder_), ids, {.layers = {1, 0}, .dtype = dtype});
  };
  EXPECT_EQ(message_of([&] { with(DType::kF16); }), "v.1 has a value beyond f16; --dtype f32 may hold it");
  EXPECT_EQ(message_of([&] { with(DType::kF32); }), "no error");
}

}  // namespace
}  // namespace kvproof
