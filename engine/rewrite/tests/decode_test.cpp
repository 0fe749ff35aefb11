// A rewritten decoder computes what the exported one computes, turn by turn and bit by bit: attention has the same
// order of sums over a concat, a cache in place and a ring, and nothing else has changed.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ops/attention.h"
#include "engine/ops/kv_cache_ops.h"
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

TEST(Decode, LongerTurnsAreEqualBitForBitToo) {
  for (const auto layout : {DecodeGraph::Layout::kHeadsFirst, DecodeGraph::Layout::kHeadsBehind}) {
    const DecodeGraph graph{.layout = layout};
    const Model fused = transformed(graph, {"transformers_detect_all", "fuse_inplace_kv_sdpa"});
    ASSERT_EQ(count_ops(fused, "KvSdpa"), 10);
    EXPECT_EQ(difference(graph.build(), fused, kMixed), 0);
  }
}

TEST(Decode, AFirstTurnOfManyTokensWorksUnderTorchsMask) {
  const DecodeGraph graph{.mask = Mask::kTorch};
  const Model fused = transformed(graph, {"transformers_detect_all", "fuse_inplace_kv_sdpa"});
  EXPECT_EQ(difference(graph.build(), fused, {9, 1, 1, 1}), 0);
}

TEST(Decode, WindowsEqualTheBandedMaskBitForBit) {
  const DecodeGraph graph{.windows = {4, 7, 4, 9, 4, 1, 4, 30, 4, 64}};
  const Model fused = transformed(graph, {"transformers_detect_all", "fuse_window_kv_sdpa"});
  ASSERT_EQ(count_ops(fused, "KvSdpa"), 10);
  EXPECT_EQ(difference(transformed(graph, {"transformers_detect_all"}), fused, kSingle), 0);
  EXPECT_EQ(difference(graph.build(), fused, kMixed), 0);
}

TEST(Decode, NotCausalLayersSeeTheirWholeChunkFused) {
  const DecodeGraph graph{.layers = 2, .mask = Mask::kNone};
  const Model fused = transformed(graph, {"transformers_detect_all", "fuse_inplace_kv_sdpa"});
  ASSERT_EQ(count_ops(fused, "KvSdpa"), 2);
  EXPECT_EQ(difference(graph.build(), fused, kMixed), 0);
}

TEST(Decode, EveryExactTransformKeepsTheOutputs) {
  for (const char* spec : {"detect_kv_cache", "detect_apply_rope", "fuse_kv_broadcast", "transformers_detect_all",
                           "detect_scaled_masked_softmax", "flash_sdpa"}) {
    const DecodeGraph graph{.layers = 3};
    EXPECT_EQ(difference(graph.build(), transformed(graph, {spec}), kMixed), 0) << spec;
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
    EXPECT_EQ(difference(fused, unfused, kMixed), 0);
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
  EXPECT_EQ(difference(fused, unfused, kMixed), 0);
}

TEST(Decode, FusedUnfusedAndUnfoldedIsTheOriginalInterface) {
  const DecodeGraph graph{.mask = Mask::kFlag, .repeat = DecodeGraph::Repeat::kNone};
  const Model original = graph.build();
  const Model back =
      transformed(graph, {"detect_kv_cache", "fuse_inplace_kv_sdpa", "unfuse_kv_sdpa", "unfold_kv_cache"});
  std::string why;
  EXPECT_TRUE(same_graph(original, back, &why)) << why;
}

// One attention over two caches of a type, of [2,H,P,D] or [2,P,D].
Model one_attention(DType type, int rank, const SdpaOptions& options) {
  Model m;
  const auto rows = [&](std::int64_t heads, const char* length, std::int64_t width) {
    std::vector<Dim> shape = {2, heads, Dim::symbol(length), width};
    if (rank == 3) shape.erase(shape.begin() + 1);
    return Fact(type, shape);
  };
  const auto cached = [&](const char* name, std::int64_t width) {
    const CacheSite site{name, rank - 2, rows(2, "P", width), rows(2, "S", width)};
    const Outlet fresh = m.add_input(std::string("new_") + name, site.input);
    return m.add(name, std::make_shared<DynKvCache>(site), {fresh});
  };
  const Outlet q = m.add_input("q", rows(6, "S", 8)), k = cached("k", 8), v = cached("v", 5);
  m.add_output("y", m.add("attn", std::make_shared<Sdpa>(options), {q, k, v}));
  return m;
}

TEST(Decode, EveryTypeRankAndOptionFusesToTheSameBits) {
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16}) {
    for (const int rank : {3, 4}) {
      for (const SdpaOptions& options : {SdpaOptions{.causal = true}, SdpaOptions{.scale = 0.3F, .softcap = 2}}) {
        const Model plain = one_attention(type, rank, options);
        Model fused = plain;
        ASSERT_EQ(apply_transform(fused, "fuse_inplace_kv_sdpa").fired(), 1);
        Session one(std::make_shared<Plan>(plain)), other(std::make_shared<Plan>(fused));
        for (int turn = 0; turn < 8; ++turn) {
          std::vector<Value> inputs;
          for (const NodeId input : plain.inputs()) {
            const Shape shape = plain.fact({input, 0}).shape_under({{"S", 1 + turn % 3}});
            const Tensor x = decode_input(turn * 10 + input, shape.elements());  // more than enough elements
            Tensor part(DType::kF32, shape);
            std::copy_n(x.as<float>(), shape.elements(), part.as<float>());
            inputs.emplace_back(to_dtype(part, type));
          }
          EXPECT_TRUE(same_bits(one.run(inputs)[0], other.run(inputs)[0])) << name_of(type) << " rank " << rank;
        }
      }
    }
  }
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
