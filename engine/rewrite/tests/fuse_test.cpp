// Where caches and attention become one operator, and why not elsewhere.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/cache/strategy.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/tests/decode_graph.h"
#include "engine/rewrite/transform.h"

namespace kvproof {
namespace {

using Mask = DecodeGraph::Mask;
const Dim kP = Dim::symbol("P"), kS = Dim::symbol("S");

Model detected(const DecodeGraph& graph) {
  Model m = graph.build();
  apply_transform(m, "transformers_detect_all");
  return m;
}

const KvSdpa::Options& fused(const Model& m, const std::string& name) {
  const auto* op = m.op_as<KvSdpa>(m.find(name));
  KVPROOF_CHECK(op != nullptr);
  return op->options;
}

// One attention over two caches of [1,2,P,D], and what stands between.
struct OneAttention {
  Model m;
  SdpaOptions options{.causal = true};

  Outlet cache(const std::string& name, std::vector<Dim> past, std::vector<Dim> fresh, int axis) {
    const Outlet rows = m.add_input("new_" + name, Fact(DType::kF32, fresh));
    return m.add(name, std::make_shared<DynKvCache>(CacheSite{name, axis, {DType::kF32, past}, {DType::kF32, fresh}}),
                 {rows});
  }
  Outlet keys(int axis = 2, const Dim& width = 8) { return placed("k", axis, width); }
  Outlet values(int axis = 2, const Dim& width = 8) { return placed("v", axis, width); }
  // With two heads, growing along `axis` of rank 4.
  Outlet placed(const std::string& name, int axis, const Dim& width) {
    std::vector<Dim> past = {1, 2, width}, fresh = past;
    past.insert(past.begin() + axis, kP);
    fresh.insert(fresh.begin() + axis, kS);
    return cache(name, past, fresh, axis);
  }
  void attend(Outlet k, Outlet v, std::vector<Dim> q_shape = {1, 4, kS, 8}) {
    const Outlet q = m.add_input("q", Fact(DType::kF32, std::move(q_shape)));
    m.add_output("y", m.add("attn", std::make_shared<Sdpa>(options), {q, k, v}));
  }
  // Empty where it fused.
  std::string apply(std::string_view spec) {
    const TransformReport report = apply_transform(m, spec);
    return report.fired() > 0 ? "" : report.declined().at(0).reason;
  }
};

// tract 0.23.6: the fusions need exactly three inputs, so that none fires on an export with a mask.
TEST(FuseKvSdpa, FiresOnEveryLayerOfEveryCausalDecoder) {
  for (const Mask mask : {Mask::kRanges, Mask::kTorch, Mask::kFlag}) {
    for (const auto repeat :
         {DecodeGraph::Repeat::kBroadcast, DecodeGraph::Repeat::kTile, DecodeGraph::Repeat::kNone}) {
      Model m = detected({.mask = mask, .repeat = repeat});
      const TransformReport report = apply_transform(m, "fuse_inplace_kv_sdpa");
      EXPECT_EQ(report.fired("fuse_inplace_kv_sdpa"), 10) << int(mask);
      EXPECT_TRUE(report.declined().empty());
      EXPECT_TRUE(report.notes.empty());
      EXPECT_EQ(count_ops(m, "KvSdpa"), 10);
    }
  }
}

TEST(FuseKvSdpa, NoMatchedNodeAndNoDeadNodeIsLeft) {
  Model m = detected({.mask = Mask::kTorch});
  apply_transform(m, "fuse_inplace_kv_sdpa");
  for (const char* name : {"SDPA", "DynamicKeyValueCache", "Trilu", "Tile", "MultiBroadcastTo", "Select"}) {
    EXPECT_EQ(count_ops(m, name), 0) << name;
  }
  const int nodes = m.node_count();
  EXPECT_EQ(m.remove_dead(), 0);
  EXPECT_EQ(m.node_count(), nodes);
}

TEST(FuseKvSdpa, AgainChangesNothing) {
  Model m = detected({});
  apply_transform(m, "fuse_inplace_kv_sdpa");
  const Model once = m;
  EXPECT_EQ(apply_transform(m, "fuse_inplace_kv_sdpa").fired(), 0);
  EXPECT_TRUE(same_graph(once, m));
}

// tract 0.23.6: after a fusion nothing binds P.
TEST(FuseKvSdpa, ThePastLengthStaysKnown) {
  Model m = detected({});
  apply_transform(m, "fuse_inplace_kv_sdpa");
  EXPECT_EQ(fused(m, "attn_7").past, "P");
  Session session(std::make_shared<Plan>(m));
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<Value> x;
    x.emplace_back(decode_input(turn, 2));
    EXPECT_NO_THROW(session.run(x));
  }
  EXPECT_EQ(session.past().at("attn_7"), 6);
}

TEST(FuseKvSdpa, TheOperatorCarriesWhatTheAttentionHad) {
  OneAttention a;
  a.options = {.scale = 0.25F, .causal = true, .softcap = 30};
  a.attend(a.keys(), a.values());
  EXPECT_EQ(a.apply("fuse_kv_sdpa:strategy=kivi:bits=4,group=32,residual=32"), "");
  const KvSdpa::Options& o = fused(a.m, "attn");
  EXPECT_EQ(o.strategy.substr(0, 31), "kivi:bits=4,group=32,residual=3");
  EXPECT_EQ(o.axis, 2);
  EXPECT_EQ(o.attention.scale, 0.25F);
  EXPECT_EQ(o.attention.softcap, 30);
  EXPECT_TRUE(o.attention.causal);
  EXPECT_EQ(o.past, "P");
  EXPECT_EQ(o.keys->name, "k");
  EXPECT_EQ(o.values->name, "v");
}

// tract 0.23.6: a window is imposed on any attention, causal or not.
TEST(FuseKvSdpa, NotCausalFusesWithWhatSeesAllAndStaysNotCausal) {
  Model m = detected({.mask = Mask::kNone});
  Model windowed = m;
  EXPECT_EQ(apply_transform(m, "fuse_inplace_kv_sdpa").fired("fuse_inplace_kv_sdpa"), 10);
  EXPECT_FALSE(fused(m, "attn_0").attention.causal);
  const TransformReport report = apply_transform(windowed, "fuse_window_kv_sdpa:window=4");
  EXPECT_EQ(report.fired("fuse_window_kv_sdpa"), 0);
  ASSERT_EQ(report.declined().size(), 10U);
  EXPECT_EQ(report.declined()[0].reason.substr(0, 17), "it is not causal,");
}

TEST(FuseKvSdpa, AnUnknownMaskIsDeclinedByName) {
  Model m = detected({.mask = Mask::kInput});
  const TransformReport report = apply_transform(m, "fuse_inplace_kv_sdpa");
  EXPECT_EQ(report.fired("fuse_inplace_kv_sdpa"), 0);
  const std::vector<std::string> lines = explain_declined(m, report);
  ASSERT_EQ(lines.size(), 10U);
  EXPECT_EQ(lines[3],
            "layer 3 'attn_3': declined fuse_inplace_kv_sdpa: its mask depends on the input 'attention_mask'");
}

TEST(FuseKvSdpa, CachesThatAreStillInputsAreDeclinedWithAHint) {
  Model m = DecodeGraph{}.build();
  const TransformReport report = apply_transform(m, "fuse_inplace_kv_sdpa");
  EXPECT_EQ(report.fired("fuse_inplace_kv_sdpa"), 0);
  EXPECT_EQ(report.declined().at(0).reason,
            "its keys are joined with the input 'k_0' by 'k_0_concat', which is no cache before detect_kv_cache");
}

// tract 0.23.6: one window for all layers, also for those that see everything.
TEST(FuseWindowKvSdpa, EachLayerGetsItsOwnWindow) {
  Model m = detected({.windows = {4, 0, 4, 0, 8, 0, 4, 0, 4, 0}});
  const TransformReport report = apply_transform(m, "fuse_window_kv_sdpa");
  EXPECT_EQ(report.fired("fuse_window_kv_sdpa"), 5);
  EXPECT_EQ(fused(m, "attn_0").strategy, "window:w=4");
  EXPECT_EQ(fused(m, "attn_4").strategy, "window:w=8");
  EXPECT_TRUE(report.notes.empty());
  ASSERT_EQ(report.declined().size(), 5U);
  EXPECT_EQ(report.declined()[0].node, "attn_1");
  EXPECT_EQ(report.declined()[0].reason, "it has no window: its queries see all earlier keys");
  EXPECT_EQ(apply_transform(m, "fuse_inplace_kv_sdpa").fired("fuse_inplace_kv_sdpa"), 5);
  EXPECT_EQ(count_ops(m, "KvSdpa"), 10);
}

TEST(FuseWindowKvSdpa, TheGeneralTransformTakesOwnWindowsToo) {
  Model m = detected({.windows = {4, 0, 4, 0, 8, 0, 4, 0, 4, 0}});
  EXPECT_EQ(apply_transform(m, "fuse_kv_sdpa:strategy=window:dtype=f16").fired("fuse_kv_sdpa"), 5);
  EXPECT_EQ(fused(m, "attn_4").strategy, "window:w=8,dtype=f16");
}

TEST(FuseWindowKvSdpa, AnotherWindowThanTheMaskHasMayBeNarrowerButNotWider) {
  const DecodeGraph graph{.layers = 1, .windows = {4}};
  Model wider = detected(graph), narrower = detected(graph), all = detected(graph);
  EXPECT_EQ(apply_transform(wider, "fuse_window_kv_sdpa:window=5").declined().at(0).reason,
            "its mask shows the last 4 keys, and window:w=5 would show more");
  EXPECT_EQ(apply_transform(all, "fuse_inplace_kv_sdpa").declined().at(0).reason,
            "its mask shows the last 4 keys, and in_place would show more");
  Model sinks = detected(graph);
  EXPECT_EQ(apply_transform(sinks, "fuse_kv_sdpa:strategy=sinks:s=2,w=3").declined().at(0).reason,
            "its mask shows the last 4 keys, and sinks:s=2,w=3 would show more");
  const TransformReport report = apply_transform(narrower, "fuse_window_kv_sdpa:window=3");
  EXPECT_EQ(report.fired("fuse_window_kv_sdpa"), 1);
  EXPECT_EQ(report.notes.at(0), "'attn_0': saw the last 4 keys, now what window:w=3 shows");
}

TEST(FuseWindowKvSdpa, AWindowOnACausalLayerIsWhatWasAskedForAndReported) {
  Model m = detected({.layers = 2, .mask = Mask::kFlag});
  const TransformReport report = apply_transform(m, "fuse_window_kv_sdpa:window=4");
  EXPECT_EQ(report.fired("fuse_window_kv_sdpa"), 2);
  ASSERT_EQ(report.notes.size(), 2U);
  EXPECT_EQ(report.notes[1], "'attn_1': saw all earlier keys, now what window:w=4 shows");
}

// tract 0.23.6: rank 3 and axis 1 fuse into operators that fail or read heads for tokens.
TEST(FuseKvSdpa, Rank3AndEitherAxisFuse) {
  OneAttention flat;
  flat.attend(flat.cache("k", {1, kP, 8}, {1, kS, 8}, 1), flat.cache("v", {1, kP, 8}, {1, kS, 8}, 1), {1, kS, 8});
  EXPECT_EQ(flat.apply("fuse_inplace_kv_sdpa"), "");
  EXPECT_EQ(fused(flat.m, "attn").axis, 1);

  const auto swap = std::make_shared<Transpose>(std::vector<int>{0, 2, 1, 3});
  OneAttention behind;
  const Outlet k = behind.m.add("k_read", swap, {behind.keys(1)}), v = behind.m.add("v_read", swap, {behind.values(1)});
  behind.attend(k, v);
  EXPECT_EQ(behind.apply("fuse_inplace_kv_sdpa"), "");
  EXPECT_EQ(fused(behind.m, "attn").axis, 1);
  EXPECT_EQ(fused(behind.m, "attn").keys->axis, 1);
  EXPECT_EQ(behind.m.fact(behind.m.outputs()[0].outlet).str(), "f32[1,4,S,8]");

  OneAttention mixed;
  const Outlet mixed_v = mixed.m.add("v_read", swap, {mixed.values(1)});
  mixed.attend(mixed.keys(2), mixed_v);
  EXPECT_EQ(mixed.apply("fuse_inplace_kv_sdpa"), "");
  EXPECT_EQ(fused(mixed.m, "attn").axis, 2);
  EXPECT_EQ(fused(mixed.m, "attn").values->past.str(), "f32[1,2,P,8]");
}

TEST(FuseKvSdpa, TransposesAroundTheAttentionGoWithIt) {
  Model m = detected({.mask = Mask::kFlag, .layout = DecodeGraph::Layout::kHeadsBehind});
  const int before = count_ops(m, "Transpose");
  EXPECT_EQ(apply_transform(m, "fuse_inplace_kv_sdpa").fired("fuse_inplace_kv_sdpa"), 10);
  // Per layer two in front of the caches' readers and the one behind the attention.
  EXPECT_LE(count_ops(m, "Transpose"), before - 20);
  EXPECT_EQ(fused(m, "attn_2").axis, 1);
}

TEST(FuseKvSdpa, ACacheAlongAnotherAxisIsDeclined) {
  OneAttention a;
  const Outlet k = a.cache("k", {1, 2, 6, kP}, {1, 2, 6, 2}, 3);
  const Outlet v = a.cache("v", {1, 2, 6, kP}, {1, 2, 6, 2}, 3);
  a.attend(k, v, {1, 4, 6, kP + Dim(2)});
  EXPECT_EQ(a.apply("fuse_inplace_kv_sdpa"),
            "the cache of its keys, 'k', grows along axis 3, which is not the attention's sequence");
}

TEST(FuseKvSdpa, ATransposeThatMovesMoreThanTheSequenceIsDeclined) {
  OneAttention a;
  const auto swap = std::make_shared<Transpose>(std::vector<int>{1, 0, 2, 3});
  const Outlet k = a.m.add("k_read", swap, {a.keys()}), v = a.m.add("v_read", swap, {a.values()});
  a.attend(k, v, {2, 3, kS, 8});
  EXPECT_NE(a.apply("fuse_inplace_kv_sdpa"), "");
}

// tract 0.23.6: the whole transform fails where V is not as wide as K.
TEST(FuseKvSdpa, ValuesOfAnotherWidthFuse) {
  OneAttention a;
  a.attend(a.keys(2, 8), a.values(2, 6));
  EXPECT_EQ(a.apply("fuse_inplace_kv_sdpa"), "");
  EXPECT_EQ(a.m.fact(a.m.outputs()[0].outlet).str(), "f32[1,4,S,6]");
}

// tract 0.23.6: the past that the replaced caches held is dropped.
TEST(FuseKvSdpa, APastThatIsHeldIsRefusedNotDropped) {
  const Model plain = detected({.layers = 2});
  Model fused_model = plain;
  apply_transform(fused_model, "fuse_inplace_kv_sdpa");
  Session before(std::make_shared<Plan>(plain)), after(std::make_shared<Plan>(fused_model));
  std::vector<Value> x;
  x.emplace_back(decode_input(0, 3));
  before.run(x);
  EXPECT_THROW(after.thaw(before.freeze()), Error);
  EXPECT_EQ(after.past().at("attn_0"), 0);
}

TEST(FuseKvSdpa, AnUnknownWidthIsDeclined) {
  OneAttention a;
  a.attend(a.keys(2, Dim::symbol("D")), a.values(), {1, 4, kS, Dim::symbol("D")});
  EXPECT_EQ(a.apply("fuse_inplace_kv_sdpa"), "its head width D is no fixed number");
}

TEST(FuseKvSdpa, CachesThatOthersReadAreDeclined) {
  OneAttention twice;
  const Outlet k = twice.keys();
  twice.attend(k, twice.values());
  twice.m.add_output("k_out", k);
  EXPECT_EQ(twice.apply("fuse_inplace_kv_sdpa"), "others read the cache of its keys, 'k', too");

  OneAttention behind;
  const Outlet read =
      behind.m.add("k_read", std::make_shared<Transpose>(std::vector<int>{0, 2, 1, 3}), {behind.keys(1)});
  behind.attend(read, behind.values());
  behind.m.add_output("k_out", read);
  EXPECT_EQ(behind.apply("fuse_inplace_kv_sdpa"), "others read the cache of its keys, 'k', too");

  OneAttention one;
  const Outlet both = one.keys();
  one.attend(both, both);
  EXPECT_EQ(one.apply("fuse_inplace_kv_sdpa"), "others read the cache of its keys, 'k', too");
}

TEST(FuseKvSdpa, ReadersOfTheShapeOfACacheDoNotHinder) {
  OneAttention a;
  const Outlet k = a.keys();
  a.attend(k, a.values());
  a.m.add_output("shape", a.m.add("shape", std::make_shared<ShapeOf>(), {k}));
  EXPECT_EQ(a.apply("fuse_inplace_kv_sdpa"), "");
  EXPECT_EQ(count_ops(a.m, "DynamicKeyValueCache"), 0);
}

TEST(FuseKvSdpa, CachesOfDifferentPastLengthsAreDeclined) {
  OneAttention a;
  const Dim other = Dim::symbol("R");
  Model& m = a.m;
  const Outlet k = a.keys();
  const Outlet rows = m.add_input("new_v", Fact(DType::kF32, {1, 2, kS, 8}));
  const CacheSite site{"v", 2, {DType::kF32, {1, 2, other, 8}}, {DType::kF32, {1, 2, kS, 8}}};
  a.attend(k, m.add("v", std::make_shared<DynKvCache>(site), {rows}));
  EXPECT_EQ(a.apply("fuse_inplace_kv_sdpa"), "its caches have different past lengths, P and R");
}

TEST(FuseKvSdpa, NewRowsThatAreNotAsManyAsTheQueriesAreDeclined) {
  OneAttention a;
  a.attend(a.keys(), a.values(), {1, 4, Dim::symbol("R"), 8});
  EXPECT_EQ(a.apply("fuse_inplace_kv_sdpa"), "it has R queries for S new keys");
}

TEST(FuseKvSdpa, CacheCastsAndRopeBehindTheCacheAreNamed) {
  OneAttention cast;
  const Outlet k = cast.cache("k", {1, 2, kP, 8}, {1, 2, kS, 8}, 2);
  const auto to_f16 = std::make_shared<Cast>(DType::kF16);
  const Outlet q = cast.m.add_input("q", Fact(DType::kF16, {1, 4, kS, 8}));
  const Outlet half_k = cast.m.add("half_k", to_f16, {k}), half_v = cast.m.add("half_v", to_f16, {cast.values()});
  cast.m.add_output("y", cast.m.add("attn", std::make_shared<Sdpa>(SdpaOptions{.causal = true}), {q, half_k, half_v}));
  EXPECT_EQ(cast.apply("fuse_inplace_kv_sdpa"), "its keys are cast from f32 to f16 behind the cache");

  OneAttention rope;
  const Outlet angles = rope.m.add_input("cos", Fact(DType::kF32, {1, 1, kP + kS, 8}));
  rope.attend(rope.m.add("rope", std::make_shared<ApplyRope>(), {rope.keys(), angles, angles}), rope.values());
  EXPECT_EQ(rope.apply("fuse_inplace_kv_sdpa"), "its keys are rotated behind the cache by 'rope'");
}

TEST(FuseWindowKvSdpa, AWindowWiderThanAnyCacheIsDeclined) {
  Model m = detected({.layers = 1, .windows = {(1 << 24) + 1}});
  EXPECT_EQ(apply_transform(m, "fuse_window_kv_sdpa").declined().at(0).reason,
            "its window of 16777217 keys is too wide");
}

TEST(FuseKvSdpa, WhatStandsBetweenCacheAndAttentionIsNamed) {
  OneAttention a;
  const Outlet k = a.m.add("k_scaled", std::make_shared<Unary>(UnaryFn::kNeg), {a.keys()});
  a.attend(k, a.values());
  EXPECT_EQ(a.apply("fuse_inplace_kv_sdpa"), "its keys come from 'k_scaled' (Neg), not from a cache");
}

TEST(FuseQuantizedKvSdpa, TakesBits) {
  for (const char* bits : {"8", "4", "2"}) {
    Model m = detected({.layers = 2});
    EXPECT_EQ(apply_transform(m, std::string("fuse_quantized_kv_sdpa:bits=") + bits).fired("fuse_quantized_kv_sdpa"),
              2);
    EXPECT_EQ(parse_spec(fused(m, "attn_1").strategy).choice("bits"), bits);
  }
  Model m = detected({.layers = 1});
  EXPECT_THROW(apply_transform(m, "fuse_quantized_kv_sdpa:bits=3"), Error);
}

}  // namespace
}  // namespace kvproof
