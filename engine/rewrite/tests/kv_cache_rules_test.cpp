// Caches between inputs and outputs on one side and states on the other.
#include <gtest/gtest.h>

#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/tests/decode_graph.h"
#include "engine/rewrite/transform.h"

namespace kvproof {
namespace {

const Dim kP = Dim::symbol("P"), kS = Dim::symbol("S");

// One cache: concat of "past" and "new" along `axis`, in the order given.
struct OneCache {
  std::vector<Dim> past, fresh;
  int axis = 2;
  enum class Order { kPastFirst, kNewFirst } order = Order::kPastFirst;

  Model build() const {
    Model m;
    const Outlet fresh_rows = m.add_input("new", Fact(DType::kF32, fresh));
    const Outlet before = m.add_input("past", Fact(DType::kF32, past));
    const Outlet rows = m.add("rows", std::make_shared<Unary>(UnaryFn::kNeg), {fresh_rows});
    const auto concat = std::make_shared<Concat>(axis);
    const Outlet all =
        order == Order::kPastFirst ? m.add("all", concat, {before, rows}) : m.add("all", concat, {rows, before});
    m.add_output("present", all);
    m.add_output("read", m.add("read", std::make_shared<Unary>(UnaryFn::kNeg), {all}));
    return m;
  }
};

// The reason of the only decline; empty unless nothing fired and one was declined.
std::string only_reason(const TransformReport& report) {
  const auto declined = report.declined();
  return report.fired() == 0 && declined.size() == 1 ? declined[0].reason : "";
}

std::vector<std::string> input_names(const Model& m) {
  std::vector<std::string> names;
  for (const NodeId id : m.inputs()) names.push_back(m.node(id).name);
  return names;
}

std::vector<std::string> output_names(const Model& m) {
  std::vector<std::string> names;
  for (const Output& output : m.outputs()) names.push_back(output.name);
  return names;
}

TEST(DetectKvCache, FiresOnEveryCacheOfADecoderAndNowhereElse) {
  Model m = DecodeGraph{}.build();
  const TransformReport report = apply_transform(m, "detect_kv_cache");
  EXPECT_EQ(report.fired("detect_kv_cache"), 20);
  EXPECT_EQ(report.fired(), 20);
  EXPECT_TRUE(report.declined().empty());
  EXPECT_EQ(input_names(m), std::vector<std::string>{"x"});
  EXPECT_EQ(output_names(m), std::vector<std::string>{"y"});
  EXPECT_EQ(count_ops(m, "DynamicKeyValueCache"), 20);
  const auto* cache = m.op_as<DynKvCache>(m.find("k_3"));
  ASSERT_NE(cache, nullptr);
  EXPECT_EQ(cache->site.past_symbol(), "P");
  EXPECT_EQ(cache->site.axis, 2);
}

TEST(DetectKvCache, AgainChangesNothing) {
  Model m = DecodeGraph{}.build();
  apply_transform(m, "detect_kv_cache");
  const Model once = m;
  EXPECT_EQ(apply_transform(m, "detect_kv_cache").fired(), 0);
  EXPECT_TRUE(same_graph(once, m));
}

// tract 0.23.6: concat([new, past]) is folded and then computed the other way round.
TEST(DetectKvCache, TheOrderOfOperandsIsHonoured) {
  Model m = OneCache{{1, 2, kP, 8}, {1, 2, kS, 8}, 2, OneCache::Order::kNewFirst}.build();
  EXPECT_EQ(only_reason(apply_transform(m, "detect_kv_cache")),
            "the input 'past' comes behind the new rows, not before them");
  EXPECT_EQ(m.inputs().size(), 2U);
}

// tract 0.23.6: operands of one shape make the whole transform fail.
TEST(DetectKvCache, EqualShapesAreDeclinedAndNoError) {
  Model m = OneCache{{1, 2, kS, 8}, {1, 2, kS, 8}}.build();
  EXPECT_EQ(only_reason(apply_transform(m, "detect_kv_cache")),
            "both operands are S long, so that past and new rows cannot be told apart");
}

// tract 0.23.6: a new length that is no symbol is not folded.
TEST(DetectKvCache, AConstantNewLengthIsFine) {
  Model m = OneCache{{1, 2, kP, 8}, {1, 2, 1, 8}}.build();
  EXPECT_EQ(apply_transform(m, "detect_kv_cache").fired(), 1);
  EXPECT_EQ(m.op_as<DynKvCache>(m.find("past"))->site.past_symbol(), "P");
}

TEST(DetectKvCache, AConstantPastLengthIsDeclined) {
  Model m = OneCache{{1, 2, 10, 8}, {1, 2, kS, 8}}.build();
  EXPECT_EQ(only_reason(apply_transform(m, "detect_kv_cache")), "the past length 10 is no symbol");
  Model sum = OneCache{{1, 2, kP + Dim(1), 8}, {1, 2, kS, 8}}.build();
  EXPECT_EQ(only_reason(apply_transform(sum, "detect_kv_cache")), "the past length P + 1 is no symbol");
}

TEST(DetectKvCache, EveryAxisAndRankWorks) {
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<Dim> past = {2, 3, 4}, fresh = past;
    past[std::size_t(axis)] = kP;
    fresh[std::size_t(axis)] = kS;
    Model m = OneCache{past, fresh, axis}.build();
    EXPECT_EQ(apply_transform(m, "detect_kv_cache").fired(), 1) << axis;
    EXPECT_EQ(m.op_as<DynKvCache>(m.find("past"))->site.axis, axis);
  }
}

// tract 0.23.6: folded all the same, and then no run knows the symbol.
TEST(DetectKvCache, ASymbolThatOnlyThePastTellsIsDeclined) {
  const Dim b = Dim::symbol("B");
  Model bound = OneCache{{b, 2, kP, 8}, {b, 2, kS, 8}}.build();
  EXPECT_EQ(apply_transform(bound, "detect_kv_cache").fired(), 1);

  Model m;
  const Outlet past = m.add_input("past", Fact(DType::kF32, {b, kP}));
  const Outlet fresh = m.add_input("new", Fact(DType::kF32, {1, kS}));
  const Outlet rows = m.add("rows", std::make_shared<Broadcast>(std::vector<Dim>{b, kS}), {fresh});
  m.add_output("present", m.add("all", std::make_shared<Concat>(1), {past, rows}));
  EXPECT_EQ(only_reason(apply_transform(m, "detect_kv_cache")), "no other input tells what B is");
}

TEST(DetectKvCache, ReadersOfItsShapeAndCastsToItsTypeDoNotHinder) {
  Model m;
  const Outlet fresh = m.add_input("new", Fact(DType::kF32, {1, kS}));
  const Outlet past = m.add_input("past", Fact(DType::kF32, {1, kP}));
  const Outlet same = m.add("same", std::make_shared<Cast>(DType::kF32), {past});
  const Outlet all = m.add("all", std::make_shared<Concat>(1), {same, fresh});
  m.add_output("present", all);
  m.add_output("shape", m.add("shape", std::make_shared<ShapeOf>(), {past}));
  EXPECT_EQ(apply_transform(m, "detect_kv_cache").fired("detect_kv_cache"), 1);
  EXPECT_EQ(m.op_as<DynKvCache>(m.find("past"))->site.past.shape[1], kP);
  EXPECT_EQ(input_names(m), std::vector<std::string>{"new"});
  const Fact& shape = m.fact(m.outputs()[0].outlet);
  ASSERT_TRUE(shape.dims);
  EXPECT_EQ((*shape.dims)[1], kP);
}

TEST(DetectKvCache, AnInputThatOthersReadIsLeftAlone) {
  Model m = OneCache{{1, 2, kP, 8}, {1, 2, kS, 8}}.build();
  m.add_output("other", m.add("other", std::make_shared<Unary>(UnaryFn::kNeg), {{m.find("past"), 0}}));
  EXPECT_EQ(apply_transform(m, "detect_kv_cache").fired(), 0);
  EXPECT_EQ(m.inputs().size(), 2U);
}

TEST(UnfoldKvCache, AfterFoldingItIsTheIdentity) {
  for (const auto layout : {DecodeGraph::Layout::kHeadsFirst, DecodeGraph::Layout::kHeadsBehind}) {
    DecodeGraph graph;
    graph.layout = layout;
    const Model original = graph.build();
    Model m = original;
    apply_transform(m, "detect_kv_cache");
    EXPECT_EQ(apply_transform(m, "unfold-kv-cache").fired(), 20);
    std::string why;
    EXPECT_TRUE(same_graph(original, m, &why)) << why;
    EXPECT_EQ(input_names(m), input_names(original));
    EXPECT_EQ(output_names(m), output_names(original));
    EXPECT_TRUE(m.properties.empty());
  }
}

// tract 0.23.6: inputs and outputs come back at the end, under new names.
TEST(UnfoldKvCache, PlacesAreKeptEvenBetweenOthers) {
  Model m = OneCache{{1, 2, kP, 8}, {1, 2, kS, 8}}.build();
  const auto inputs = input_names(m), outputs = output_names(m);
  apply_transform(m, "detect_kv_cache");
  EXPECT_EQ(output_names(m), std::vector<std::string>{"read"});
  apply_transform(m, "unfold_kv_cache");
  EXPECT_EQ(input_names(m), inputs);
  EXPECT_EQ(output_names(m), outputs);
}

TEST(UnfoldKvCache, PlacesAreKeptWhateverTheOrderOfNodes) {
  Model m;
  const Outlet fresh = m.add_input("new", Fact(DType::kF32, {1, kS}));
  std::map<std::string, Outlet> past, all;
  for (const char* name : {"b", "c", "a"}) past[name] = m.add_input(name, Fact(DType::kF32, {1, kP}));
  for (const std::string name : {"a", "c", "b"}) {
    all[name] = m.add("all_" + name, std::make_shared<Concat>(1), {past[name], fresh});
  }
  m.add_output("b_out", all["b"]);
  m.add_output("y", m.add("y", std::make_shared<Unary>(UnaryFn::kNeg), {all["a"]}));
  for (const char* name : {"c", "a"}) m.add_output(std::string(name) + "_out", all[name]);
  const Model original = m;
  apply_transform(m, "detect_kv_cache");
  apply_transform(m, "unfold_kv_cache");
  EXPECT_EQ(input_names(m), input_names(original));
  EXPECT_EQ(output_names(m), output_names(original));
  EXPECT_TRUE(same_graph(original, m));
}

TEST(UnfoldKvCache, ACacheWithoutAKnownPlaceGoesToTheEnd) {
  Model m = OneCache{{1, 2, kP, 8}, {1, 2, kS, 8}}.build();
  apply_transform(m, "detect_kv_cache");
  m.properties.clear();
  EXPECT_EQ(apply_transform(m, "unfold_kv_cache").fired(), 1);
  EXPECT_EQ(input_names(m), (std::vector<std::string>{"new", "past"}));
  EXPECT_EQ(output_names(m), (std::vector<std::string>{"read", "past_concat"}));
}

TEST(UnfoldKvCache, PlacesThatMakeNoSenseAreIgnored) {
  for (const char* place : {"", "x", "1", "1 1", "99999999999999999999 0 a", "7 9 present", "0 0 read"}) {
    Model m = OneCache{{1, 2, kP, 8}, {1, 2, kS, 8}}.build();
    apply_transform(m, "detect_kv_cache");
    m.properties["kv_cache.past"] = place;
    EXPECT_EQ(apply_transform(m, "unfold_kv_cache").fired(), 1) << place;
    EXPECT_EQ(m.inputs().size(), 2U) << place;
    EXPECT_EQ(m.outputs().size(), 2U) << place;
  }
}

}  // namespace
}  // namespace kvproof
