// Rope, softmax, repeated heads, storage: what is recognised, and what only looks like it.
#include <gtest/gtest.h>

#include <limits>

#include "engine/base/tests/expect_error.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/ops/reduce.h"
#include "engine/rewrite/tests/decode_graph.h"
#include "engine/rewrite/transform.h"

namespace kvproof {
namespace {

const Dim kP = Dim::symbol("P"), kS = Dim::symbol("S");

struct Graph {
  Model m;
  Outlet input(const std::string& name, std::vector<Dim> shape, DType type = DType::kF32) {
    return m.add_input(name, Fact(type, std::move(shape)));
  }
  template <class T, class... Args>
  Outlet add(std::initializer_list<Outlet> inputs, Args&&... args) {
    return m.add(m.free_name("n"), std::make_shared<T>(std::forward<Args>(args)...), inputs);
  }
  Outlet fn(BinaryFn f, Outlet a, Outlet b) { return add<Binary>({a, b}, f); }
  Outlet number(float value) {
    Tensor t(DType::kF32, Shape{});
    *t.as<float>() = value;
    return m.add_constant(m.free_name("c"), std::move(t));
  }
  void output(Outlet y) { m.add_output("y", y); }
  std::string reason(std::string_view spec) {  // empty if it fired
    const TransformReport report = apply_transform(m, spec);
    if (report.fired() > 0) return "";
    return report.declined().empty() ? "not seen" : report.declined()[0].reason;
  }
};

// x * cos + concat(-x[from:], x[:to]) * sin with operands swapped as the bits of `order` say.
std::string rope_reason(int order, const char* fault = "") {
  Graph g;
  const Outlet x = g.input("x", {1, 2, kS, 8}), other = g.input("other", {1, 2, kS, 8});
  const Outlet cos = g.input("cos", {1, 1, kS, 8}), sin = g.input("sin", {1, 1, kS, 8});
  const std::string_view f = fault;
  const std::int64_t cut = f == "cut" ? 3 : 4;
  const Outlet upper = g.add<Slice>({x}, 3, Dim(cut), Dim(8));
  const Outlet lower = g.add<Slice>({f == "tensor" ? other : x}, 3, Dim(0), Dim(cut));
  const Outlet turned = g.add<Concat>({g.add<Unary>({upper}, UnaryFn::kNeg), lower}, 3);
  const auto product = [&](Outlet a, Outlet b, int bit) {
    return order & bit ? g.fn(BinaryFn::kMul, b, a) : g.fn(BinaryFn::kMul, a, b);
  };
  const Outlet plain = product(f == "plain" ? other : x, cos, 1), rotated = product(turned, sin, 2);
  g.output(order & 4 ? g.fn(BinaryFn::kAdd, rotated, plain) : g.fn(BinaryFn::kAdd, plain, rotated));
  const std::string reason = g.reason("detect_apply_rope");
  if (reason.empty()) {
    EXPECT_EQ(count_ops(g.m, "ApplyRope"), 1);
    const NodeId rope = g.m.outputs()[0].outlet.node;
    EXPECT_EQ(g.m.node(rope).inputs, (std::vector<Outlet>{x, cos, sin}));
  }
  return reason;
}

// tract 0.23.6: only add(x * cos, turned * sin) in that order.
TEST(DetectApplyRope, EveryOrderOfOperandsIsRecognised) {
  for (int order = 0; order < 8; ++order) EXPECT_EQ(rope_reason(order), "") << order;
}

// tract 0.23.6: the halves may come from two tensors unnoticed.
TEST(DetectApplyRope, HalvesOfTwoTensorsAreNoRotation) {
  EXPECT_EQ(rope_reason(0, "tensor"), "the halves come from two tensors, 'x' (Source) and 'other' (Source)");
  EXPECT_EQ(rope_reason(0, "plain"), "what is rotated, 'x' (Source), is not what is multiplied by the cosine");
}

TEST(DetectApplyRope, UnequalPartsAreNoRotation) {
  EXPECT_EQ(rope_reason(0, "cut"), "its parts [0, 3) and [3, 8) are not the halves of 8 channels");
}

TEST(DetectApplyRope, FiresTwiceALayerAndIsIdempotent) {
  Model m = DecodeGraph{}.build();
  EXPECT_EQ(apply_transform(m, "detect_apply_rope").fired(), 20);
  const TransformReport again = apply_transform(m, "detect_apply_rope");
  EXPECT_EQ(again.fired(), 0);
  EXPECT_TRUE(again.declined().empty());
}

// tract 0.23.6: operand 0 is taken for the scores even if it is the constant.
TEST(DetectScaledMaskedSoftmax, TheConstantMayBeEitherOperand) {
  for (int order = 0; order < 4; ++order) {
    Graph g;
    const Outlet x = g.input("x", {1, 2, kS, kP}), mask = g.input("mask", {1, 1, kS, kP});
    const Outlet scale = g.number(0.125F);
    const Outlet scores = order & 1 ? g.fn(BinaryFn::kMul, scale, x) : g.fn(BinaryFn::kMul, x, scale);
    const Outlet sum = order & 2 ? g.fn(BinaryFn::kAdd, mask, scores) : g.fn(BinaryFn::kAdd, scores, mask);
    g.output(g.add<Softmax>({sum}, std::vector<int>{3}));
    EXPECT_EQ(g.reason("detect_scaled_masked_softmax"), "") << order;
    const NodeId id = g.m.outputs()[0].outlet.node;
    ASSERT_NE(g.m.op_as<ScaledMaskedSoftmax>(id), nullptr);
    EXPECT_EQ(g.m.op_as<ScaledMaskedSoftmax>(id)->scale, 0.125F);
    EXPECT_EQ(g.m.node(id).inputs, (std::vector<Outlet>{x, mask}));
  }
}

TEST(DetectScaledMaskedSoftmax, AScaledMaskIsNotTakenForTheScores) {
  Graph g;
  const Outlet x = g.input("x", {1, 2, kS, kP}), mask = g.input("mask", {1, 1, kS, kP});
  const Outlet scaled_mask = g.fn(BinaryFn::kMul, mask, g.number(-10000));
  const Outlet scores = g.fn(BinaryFn::kMul, x, g.number(0.5F));
  g.output(g.add<Softmax>({g.fn(BinaryFn::kAdd, scaled_mask, scores)}, std::vector<int>{3}));
  EXPECT_EQ(g.reason("detect_scaled_masked_softmax"), "");
  EXPECT_EQ(g.m.node(g.m.outputs()[0].outlet.node).inputs, (std::vector<Outlet>{x, scaled_mask}));
}

TEST(DetectScaledMaskedSoftmax, ASelectionOfMinusInfinityIsAMask) {
  for (const bool hidden_first : {false, true}) {
    Graph g;
    const Outlet x = g.input("x", {1, 2, kS, kP}), mask = g.input("mask", {1, 1, kS, kP}, DType::kBool);
    const Outlet scores = g.fn(BinaryFn::kMul, x, g.number(0.5F)),
                 inf = g.number(-std::numeric_limits<float>::infinity());
    const Outlet masked = hidden_first ? g.add<Select>({mask, inf, scores}) : g.add<Select>({mask, scores, inf});
    const Outlet weights = g.add<Softmax>({masked}, std::vector<int>{3});
    g.output(hidden_first ? weights : g.add<Select>({mask, weights, g.number(0)}));
    EXPECT_EQ(g.reason("detect_scaled_masked_softmax"), "");
    const NodeId id = g.m.outputs()[0].outlet.node;
    ASSERT_NE(g.m.op_as<ScaledMaskedSoftmax>(id), nullptr);
    EXPECT_EQ(g.m.op_as<ScaledMaskedSoftmax>(id)->zero_hidden, !hidden_first);
    EXPECT_EQ(count_ops(g.m, "Not"), hidden_first ? 1 : 0);
  }
}

TEST(DetectScaledMaskedSoftmax, AFiniteFillIsLeftAloneAsFullyHiddenRowsWouldChange) {
  Graph g;
  const Outlet x = g.input("x", {1, 2, kS, kP}), mask = g.input("mask", {1, 1, kS, kP}, DType::kBool);
  g.output(g.add<Softmax>({g.add<Select>({mask, x, g.number(-1e30F)})}, std::vector<int>{3}));
  EXPECT_EQ(g.reason("detect_scaled_masked_softmax"), "not seen");
}

// What an attention says of keys and values [1,2,T,8] repeated as the shapes tell.
std::string repeat_reason(std::vector<Dim> split, std::vector<Dim> wide, std::vector<Dim> merged,
                          bool values_too = true) {
  Graph g;
  const Dim b = split[0], t = kP;
  const auto chain = [&](const char* name, bool repeated) {
    const Outlet rows = g.input(name, {1, 2, t, 8});
    if (!repeated) return g.add<Tile>({rows}, std::vector<Dim>{1, 2, 1, 1});
    return g.add<Reshape>({g.add<Broadcast>({g.add<Reshape>({rows}, split)}, wide)}, merged);
  };
  const Outlet k = chain("k", true), v = chain("v", values_too);
  const Outlet q = g.input("q", {merged[0], 4, kS, 8});
  g.output(g.add<Sdpa>({q, k, v}, SdpaOptions{}));
  return g.reason("fuse_kv_broadcast");
}

// tract 0.23.6: the shapes of broadcast and reshape are not looked at.
TEST(FuseKvBroadcast, OnlyTheGroupAxisMayBeRepeated) {
  const Dim t = kP;
  EXPECT_EQ(repeat_reason({1, 2, 1, t, 8}, {1, 2, 2, t, 8}, {1, 4, t, 8}), "");
  EXPECT_NE(repeat_reason({1, 2, 1, t, 8}, {3, 2, 2, t, 8}, {3, 4, t, 8}), "");         // the batch, too
  EXPECT_NE(repeat_reason({1, 1, 2, t, 8}, {1, 2, 2, t, 8}, {1, 4, t, 8}), "");         // heads in turn, not in groups
  EXPECT_NE(repeat_reason({1, 2, 1, t, 8}, {1, 2, 2, t, 8}, {1, 4, t, 8}, false), "");  // values in turn
  EXPECT_NE(repeat_reason({1, 2, 1, t, 8}, {1, 2, 2, t, 8}, {1, 2, t * Dim(2), 8}), "");  // twice as many keys
}

TEST(FuseKvBroadcast, LooksThroughCastsAndRope) {
  Graph g;
  const Dim t = kP;
  const Outlet cos = g.input("cos", {1, 1, t, 8}), sin = g.input("sin", {1, 1, t, 8});
  const auto chain = [&](const char* name, bool outside) {
    Outlet rows = g.input(name, {1, 2, t, 8}, DType::kF16);
    const auto dressed = [&](Outlet x) { return g.add<ApplyRope>({g.add<Cast>({x}, DType::kF32), cos, sin}); };
    if (!outside) rows = dressed(rows);
    const Outlet wide = g.add<Broadcast>({g.add<Unsqueeze>({rows}, 2)}, std::vector<Dim>{1, 2, 2, t, 8});
    const Outlet merged = g.add<Reshape>({wide}, std::vector<Dim>{1, 4, t, 8});
    return outside ? dressed(merged) : merged;
  };
  const Outlet k = chain("k", true), v = chain("v", false);
  g.output(g.add<Sdpa>({g.input("q", {1, 4, kS, 8}), k, v}, SdpaOptions{}));
  EXPECT_EQ(g.reason("fuse_kv_broadcast"), "");
  EXPECT_EQ(count_ops(g.m, "MultiBroadcastTo"), 0);
  EXPECT_EQ(count_ops(g.m, "ApplyRope"), 2);
  EXPECT_EQ(g.m.fact(g.m.node(g.m.outputs()[0].outlet.node).inputs[1]).str(), "f32[1,2,P,8]");
}

TEST(FuseKvBroadcast, ARotationOfItsOwnForEachHeadOfAGroupIsDeclined) {
  Graph g;
  const Outlet angles = g.input("cos", {1, 4, kP, 8});
  const auto chain = [&](const char* name) {
    const Outlet wide =
        g.add<Broadcast>({g.add<Unsqueeze>({g.input(name, {1, 2, kP, 8})}, 2)}, std::vector<Dim>{1, 2, 2, kP, 8});
    return g.add<ApplyRope>({g.add<Reshape>({wide}, std::vector<Dim>{1, 4, kP, 8}), angles, angles});
  };
  const Outlet k = chain("k"), v = chain("v");
  g.output(g.add<Sdpa>({g.input("q", {1, 4, kS, 8}), k, v}, SdpaOptions{}));
  EXPECT_NE(g.reason("fuse_kv_broadcast").find("rotates the heads of a group in different ways"), std::string::npos);
}

TEST(FuseKvBroadcast, FiresOnEveryLayerWithTileOrBroadcast) {
  for (const auto repeat : {DecodeGraph::Repeat::kBroadcast, DecodeGraph::Repeat::kTile, DecodeGraph::Repeat::kNone}) {
    Model m = DecodeGraph{.repeat = repeat}.build();
    EXPECT_EQ(apply_transform(m, "fuse_kv_broadcast").fired(), repeat == DecodeGraph::Repeat::kNone ? 0 : 10);
    EXPECT_EQ(apply_transform(m, "fuse_kv_broadcast").fired(), 0);
    EXPECT_EQ(count_ops(m, "MultiBroadcastTo") + count_ops(m, "Tile"), 0);
  }
}

TEST(QuantizeKvStorage, CodesKeysPerChannelAndValuesPerToken) {
  Model m = DecodeGraph{}.build();
  apply_transform(m, "detect_kv_cache");  // repeated heads are walked through
  EXPECT_EQ(apply_transform(m, "quantize_kv_storage:bits=4").fired(), 10);
  const auto* keys = m.op_as<QuantizedDynKvCache>(m.find("k_3"));
  const auto* values = m.op_as<QuantizedDynKvCache>(m.find("v_3"));
  ASSERT_TRUE(keys && values);
  EXPECT_EQ(keys->bits, 4);
  EXPECT_EQ(keys->scales, QuantizedDynKvCache::Scales::kPerChannel);
  EXPECT_EQ(values->scales, QuantizedDynKvCache::Scales::kPerToken);
  EXPECT_EQ(count_ops(m, "DynamicKeyValueCache"), 0);
  const TransformReport again = apply_transform(m, "quantize_kv_storage:bits=4");
  EXPECT_EQ(again.fired(), 0);
  EXPECT_TRUE(again.declined().empty());
}

TEST(QuantizeKvStorage, ACacheThatOthersReadIsDeclined) {
  Model m = DecodeGraph{.layers = 1}.build();
  apply_transform(m, "detect_kv_cache");
  m.add_output("v", {m.find("v_0"), 0});
  const TransformReport report = apply_transform(m, "quantize_kv_storage");
  EXPECT_EQ(report.fired(), 0);
  EXPECT_EQ(report.declined().at(0).reason, "others read the cache of its values, 'v_0', too");
}

TEST(QuantizeKvStorage, OtherLayoutsAreDeclined) {
  Model m = DecodeGraph{.layers = 1, .layout = DecodeGraph::Layout::kHeadsBehind}.build();
  apply_transform(m, "detect_kv_cache");
  EXPECT_EQ(apply_transform(m, "quantize_kv_storage").declined().at(0).reason,
            "the cache of its keys is f32[1,P,2,8], axis 1, and not floats of rank 4, axis 2");
  EXPECT_THROW(apply_transform(m, "quantize_kv_storage:bits=3"), Error);
}

TEST(FlashSdpa, TakesAttentionsOfOneWidth) {
  for (const std::int64_t width : {8, 6}) {
    Graph g;
    g.output(g.add<Sdpa>({g.input("q", {1, 2, kS, 8}), g.input("k", {1, 2, kP, 8}), g.input("v", {1, 2, kP, width})},
                         SdpaOptions{.causal = true, .softcap = 20}));
    EXPECT_EQ(g.reason("flash_sdpa"), width == 8 ? "" : "its keys are 8 wide and its values 6");
    EXPECT_EQ(count_ops(g.m, "FlashSDPA"), width == 8 ? 1 : 0);
  }
}

TEST(UnfuseKvSdpa, PoliciesHaveNoUnfusedForm) {
  Model m = DecodeGraph{.layers = 1}.build();
  apply_transform(m, "transformers_detect_all");
  apply_transform(m, "fuse_kv_sdpa:strategy=h2o");
  const std::string what = error_of([&] { apply_transform(m, "unfuse_kv_sdpa"); });
  EXPECT_NE(what.find("'attn_0' has no unfused form: what h2o"), std::string::npos) << what;
  EXPECT_EQ(count_ops(m, "KvSdpa"), 1);
}

TEST(UnfuseKvSdpa, CodedStorageBecomesExactAndIsReported) {
  Model m = DecodeGraph{.layers = 1}.build();
  apply_transform(m, "transformers_detect_all");
  apply_transform(m, "fuse_quantized_kv_sdpa:bits=4");
  const TransformReport report = apply_transform(m, "unfuse_kv_sdpa");
  EXPECT_EQ(report.fired(), 1);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_NE(report.notes[0].find("now exactly"), std::string::npos);
}

TEST(UnfuseKvSdpa, AnOperatorWithoutKnownCachesGetsNewOnes) {
  Graph g;
  KvSdpa::Options options;
  options.strategy = "window:w=4";
  options.attention.causal = true;
  g.output(
      g.add<KvSdpa>({g.input("q", {1, 4, kS, 8}), g.input("k", {1, 2, kS, 8}), g.input("v", {1, 2, kS, 8})}, options));
  EXPECT_EQ(g.reason("unfuse_kv_sdpa"), "");
  EXPECT_EQ(count_ops(g.m, "DynamicKeyValueCache"), 2);
  EXPECT_EQ(g.reason("fuse_window_kv_sdpa"), "");
  EXPECT_EQ(g.m.op_as<KvSdpa>(g.m.outputs()[0].outlet.node)->options.strategy, "window:w=4");
}

}  // namespace
}  // namespace kvproof
