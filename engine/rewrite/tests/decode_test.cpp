// A rewritten decoder computes what the exported one computes, turn by turn.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/rewrite/tests/decode_graph.h"
#include "engine/rewrite/transform.h"

namespace kvproof {
namespace {

using Mask = DecodeGraph::Mask;

Model transformed(const DecodeGraph& graph, std::initializer_list<const char*> specs) {
  Model m = graph.build();
  for (const char* spec : specs) apply_transform(m, spec);
  return m;
}

// The largest difference over turns of these lengths; 0 only if all bits are equal.
double difference(const Model& a, const Model& b, const std::vector<std::int64_t>& turns) {
  Decoder one(a), other(b);
  double largest = 0;
  for (std::size_t turn = 0; turn < turns.size(); ++turn) {
    const Tensor x = decode_input(int(turn), turns[turn]);
    const Value y = one.step(x), z = other.step(x);
    if (!same_bits(y, z)) largest = std::max({largest, largest_difference(y, z), 1e-30});
  }
  return largest;
}

// Ten layers, each of which adds an attention and a product of 32 terms of size about 1 to a residual of size at most
// 10: products cut their work by the shape of a turn at most, so that what differs are some 100 roundings of f32 a
// layer.
constexpr double kRounding = 10 * 100 * 0x1p-24 * 10;

const std::vector<std::int64_t> kSingle(200, 1);
const std::vector<std::int64_t> kMixed = {5, 1, 1, 7, 3, 1, 16, 2, 1, 40, 1};

TEST(Decode, TwoHundredTurnsInPlaceEqualTheConcatenatingOriginalBitForBit) {
  for (const Mask mask : {Mask::kRanges, Mask::kTorch, Mask::kFlag}) {
    const DecodeGraph graph{.mask = mask};
    const Model fused = transformed(graph, {"detect_kv_cache", "fuse_inplace_kv_sdpa"});
    ASSERT_EQ(count_ops(fused, "KvSdpa"), 10);
    EXPECT_EQ(difference(graph.build(), fused, kSingle), 0) << int(mask);
  }
}

TEST(Decode, LongerTurnsAgreeWithinRounding) {
  for (const auto layout : {DecodeGraph::Layout::kHeadsFirst, DecodeGraph::Layout::kHeadsBehind}) {
    const DecodeGraph graph{.layout = layout};
    const Model fused = transformed(graph, {"transformers_detect_all", "fuse_inplace_kv_sdpa"});
    ASSERT_EQ(count_ops(fused, "KvSdpa"), 10);
    EXPECT_LE(difference(graph.build(), fused, kMixed), kRounding);
  }
}

TEST(Decode, AFirstTurnOfManyTokensWorksUnderTorchsMask) {
  const DecodeGraph graph{.mask = Mask::kTorch};
  const Model fused = transformed(graph, {"transformers_detect_all", "fuse_inplace_kv_sdpa"});
  EXPECT_LE(difference(graph.build(), fused, {9, 1, 1, 1}), kRounding);
}

TEST(Decode, WindowsEqualTheBandedMaskBitForBit) {
  const DecodeGraph graph{.windows = {4, 7, 4, 9, 4, 1, 4, 30, 4, 64}};
  const Model fused = transformed(graph, {"transformers_detect_all", "fuse_window_kv_sdpa"});
  ASSERT_EQ(count_ops(fused, "KvSdpa"), 10);
  EXPECT_EQ(difference(transformed(graph, {"transformers_detect_all"}), fused, kSingle), 0);
  EXPECT_LE(difference(graph.build(), fused, kMixed), kRounding);
}

TEST(Decode, NotCausalLayersSeeTheirWholeChunkFused) {
  const DecodeGraph graph{.layers = 2, .mask = Mask::kNone};
  const Model fused = transformed(graph, {"transformers_detect_all", "fuse_inplace_kv_sdpa"});
  ASSERT_EQ(count_ops(fused, "KvSdpa"), 2);
  EXPECT_LE(difference(graph.build(), fused, kMixed), kRounding);
}

TEST(Decode, EveryExactTransformKeepsTheOutputs) {
  for (const char* spec : {"detect_kv_cache", "detect_apply_rope", "fuse_kv_broadcast", "transformers_detect_all",
                           "detect_scaled_masked_softmax", "flash_sdpa"}) {
    const DecodeGraph graph{.layers = 3};
    EXPECT_LE(difference(graph.build(), transformed(graph, {spec}), kMixed), kRounding) << spec;
  }
}

TEST(Decode, UnfusedAgainTheOutputsAreTheSame) {
  for (const auto layout : {DecodeGraph::Layout::kHeadsFirst, DecodeGraph::Layout::kHeadsBehind}) {
    const DecodeGraph graph{.windows = {4, 0, 7, 0, 9, 1, 4, 30, 4, 64}, .layout = layout};
    const Model fused = transformed(graph, {"transformers_detect_all", "fuse_window_kv_sdpa", "fuse_inplace_kv_sdpa"});
    ASSERT_EQ(count_ops(fused, "KvSdpa"), 10);
    Model unfused = fused;
    EXPECT_EQ(apply_transform(unfused, "unfuse_kv_sdpa").fired(), 10);
    EXPECT_EQ(count_ops(unfused, "KvSdpa"), 0);
    EXPECT_EQ(count_ops(unfused, "DynamicKeyValueCache"), 20);
    EXPECT_EQ(difference(fused, unfused, kSingle), 0);
    EXPECT_LE(difference(fused, unfused, kMixed), kRounding);
    // What was written out is recognised again.
    EXPECT_EQ(apply_transform(unfused, "fuse_window_kv_sdpa").fired("fuse_window_kv_sdpa"), 8);
    EXPECT_EQ(apply_transform(unfused, "fuse_inplace_kv_sdpa").fired("fuse_inplace_kv_sdpa"), 2);
    std::string why;
    EXPECT_TRUE(same_graph(fused, unfused, &why)) << why;
  }
}

TEST(Decode, SinksWrittenOutAsAMaskGiveTheSameOutputs) {
  const DecodeGraph graph{.layers = 2, .mask = Mask::kFlag};
  const Model fused = transformed(graph, {"transformers_detect_all", "fuse_kv_sdpa:strategy=sinks:s=2,w=5"});
  ASSERT_EQ(count_ops(fused, "KvSdpa"), 2);
  const Model unfused =
      transformed(graph, {"transformers_detect_all", "fuse_kv_sdpa:strategy=sinks:s=2,w=5", "unfuse_kv_sdpa"});
  EXPECT_LE(difference(fused, unfused, kMixed), kRounding);
}

TEST(Decode, FusedUnfusedAndUnfoldedIsTheOriginalInterface) {
  const DecodeGraph graph{.mask = Mask::kFlag, .repeat = DecodeGraph::Repeat::kNone};
  const Model original = graph.build();
  const Model back =
      transformed(graph, {"detect_kv_cache", "fuse_inplace_kv_sdpa", "unfuse_kv_sdpa", "unfold_kv_cache"});
  std::string why;
  EXPECT_TRUE(same_graph(original, back, &why)) << why;
}

TEST(Decode, QuantizedCachesStayNearTheOriginal) {
  const DecodeGraph graph{.layers = 1};
  // One layer: a value is stored within half a step, (max - min) / 255 of a row of 8 values below 6 or so, and passes
  // attention as an average; keys move a score by 8 * 6 * half a step / sqrt(8). Far below 1, far above rounding.
  const Model stored = transformed(graph, {"transformers_detect_all", "quantize_kv_storage"});
  EXPECT_EQ(count_ops(stored, "QuantizedDynKeyValueCache"), 2);
  const double storage = difference(graph.build(), stored, kMixed);
  EXPECT_GT(storage, 0);
  EXPECT_LT(storage, 0.5);
  const Model kivi =
      transformed(graph, {"transformers_detect_all", "fuse_kv_sdpa:strategy=kivi:bits=8,group=8,residual=8"});
  EXPECT_EQ(count_ops(kivi, "KvSdpa"), 1);
  const double fused = difference(graph.build(), kivi, kMixed);
  EXPECT_GT(fused, 0);
  EXPECT_LT(fused, 0.5);
}

}  // namespace
}  // namespace kvproof
