// Slices of traces, and the names under which data is found.
#include "datasets/trace.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "datasets/tests/reference.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr Geometry kGeometry{.batch = 2, .q_heads = 4, .kv_heads = 2, .d = 8, .dv = 4};

// A trace with a window whose last 6 outputs are marked by position, so that a slice shows which it
// kept.
Trace marked(std::int64_t tokens, Position window) {
  Trace trace = generate("small_integers", kGeometry, tokens, 1);
  trace.window = window;
  trace.expected = Tensor(DType::kF32, {kGeometry.batch, kGeometry.q_heads, 6, kGeometry.dv});
  float* out = trace.expected.as<float>();
  for (std::int64_t i = 0; i < trace.expected.shape().elements(); ++i) {
    out[i] = float(tokens - 6 + i / kGeometry.dv % 6);
  }
  return trace;
}

TEST(Take, KeepsTheRowsOfItsTokens) {
  const Trace whole = generate("gaussian", kGeometry, 20, 1), part = take(whole, 5, 9);
  ASSERT_EQ(part.tokens(), 9);
  EXPECT_EQ(part.geometry(), kGeometry);
  EXPECT_EQ(part.scale, whole.scale);
  for (Position n = 0; n < 9; ++n) {
    for (int c = 0; c < kGeometry.d; ++c) {
      EXPECT_EQ(row(part.q, 1, 3, n)[c], row(whole.q, 1, 3, n + 5)[c]);
      EXPECT_EQ(row(part.k, 1, 1, n)[c], row(whole.k, 1, 1, n + 5)[c]);
    }
    for (int c = 0; c < kGeometry.dv; ++c) {
      EXPECT_EQ(row(part.v, 1, 1, n)[c], row(whole.v, 1, 1, n + 5)[c]);
    }
  }
}

TEST(Take, KeepsOutputsOnlyWhereNoEarlierTokenIsSeen) {
  const struct {
    Position window, first;
    std::int64_t n, kept;
    float first_kept;
  } cases[] = {
      {0, 0, 20, 6, 14},   // the whole
      {0, 0, 16, 2, 14},   // a prefix that ends among the known
      {0, 0, 14, 0, 0},    // a prefix that ends before them
      {0, 1, 19, 0, 0},    // without a window every query sees token 0
      {3, 10, 10, 6, 14},  // 14 sees 12, 13, 14
      {3, 12, 8, 6, 14},   // the last that leaves all of them
      {3, 13, 7, 5, 15},   // 14 saw 12
      {3, 18, 2, 0, 0},    // 19 saw 17
  };
  for (const auto& c : cases) {
    const Trace part = take(marked(20, c.window), c.first, c.n);
    ASSERT_EQ(part.expected_tokens(), c.kept) << c.window << " " << c.first << " " << c.n;
    if (c.kept) {
      EXPECT_EQ(row(part.expected, 1, 3, 0)[0], c.first_kept);
      EXPECT_EQ(row(part.expected, 1, 3, c.kept - 1)[0], float(c.first + c.n - 1));
    }
  }
}

TEST(Take, OfNothingIsEmpty) {
  const Trace part = take(generate("needle", kGeometry, 4, 1), 4, 0);
  EXPECT_EQ(part.tokens(), 0);
  EXPECT_EQ(part.geometry(), kGeometry);
  EXPECT_TRUE(part.needle.empty());
}

TEST(LoadData, FindsGeneratorsTheCapturedTraceAndFiles) {
  EXPECT_EQ(load_data("ties", kGeometry, 10, 1).size(), 1u);
  EXPECT_EQ(load_data("tiny-gemma", kGeometry, 10, 1).size(), 4u);
  EXPECT_EQ(load_data(tiny_gemma_dir() + "/trace.safetensors", kGeometry, 10, 1).size(), 4u);
}

TEST(LoadData, TellsAnUnknownNameFromAMissingFile) {
  const auto code_of = [](const std::string& name) {
    try {
      load_data(name, kGeometry, 10, 1);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kResource;
  };
  EXPECT_EQ(code_of("gausian"), ErrorCode::kUsage);
  EXPECT_EQ(code_of("absent.safetensors"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of("absent/trace"), ErrorCode::kNotFound);
}

TEST(TinyGemmaDir, FollowsTheEnvironment) {
  const std::string usual = tiny_gemma_dir();
  ASSERT_EQ(setenv("KVPROOF_DATASETS", "/nonexistent", 1), 0);
  EXPECT_THROW(tiny_gemma_dir(), Error);
  ASSERT_EQ(setenv("KVPROOF_DATASETS", usual.substr(0, usual.rfind('/')).c_str(), 1), 0);
  EXPECT_EQ(tiny_gemma_dir(), usual);
  ASSERT_EQ(unsetenv("KVPROOF_DATASETS"), 0);
}

}  // namespace
}  // namespace kvproof
