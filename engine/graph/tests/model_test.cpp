// A model keeps its names, its facts and its readers in order, and refuses what would break them.
#include "engine/graph/model.h"

#include "engine/graph/tests/model_text.h"
#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

const Dim P = sym("P"), S = sym("S");

OpPtr add() { return std::make_shared<AddOp>(); }

std::vector<std::string> names(const Model& model, const std::vector<NodeId>& ids) {
  std::vector<std::string> result;
  for (const NodeId id : ids) result.push_back(model.node(id).name);
  return result;
}
using Names = std::vector<std::string>;

// x -> a = x + x -> b = a + x -> output y
struct Small {
  Model model;
  Outlet x = model.add_input("x", Fact(DType::kF32, {S}));
  Outlet a = model.add("a", add(), {x, x});
  Outlet b = model.add("b", add(), {a, x});
  Small() { model.add_output("y", b); }
};

TEST(Model, KnowsItsNodesAndWhoReadsThem) {
  Small s;
  EXPECT_EQ(s.model.node_count(), 3);
  EXPECT_EQ(s.model.find("a"), s.a.node);
  EXPECT_EQ(s.model.find("c"), -1);
  EXPECT_EQ(s.model.fact(s.b).str(), "f32[S]");
  EXPECT_EQ(s.model.consumers(s.x).size(), 3u);
  EXPECT_EQ(s.model.consumers(s.a)[0], (std::pair<NodeId, int>(s.b.node, 0)));
  EXPECT_TRUE(s.model.is_output(s.b));
  EXPECT_FALSE(s.model.is_output(s.a));
  EXPECT_TRUE(is_consistent(s.model));
  EXPECT_NE(s.model.op_as<AddOp>(s.a.node), nullptr);
  EXPECT_EQ(s.model.op_as<InputOp>(s.a.node), nullptr);
}

TEST(Model, RefusesAndStaysAsItWas) {
  Small s;
  const Outlet other = s.model.add_input("other", Fact(DType::kF32, {P}));
  const std::string before = text_of(s.model);
  expect_error(ErrorCode::kMismatch, "node 'sum': two of a kind", [&] { s.model.add("sum", add(), {s.x, other}); });
  expect_error(ErrorCode::kMalformed, "'a': the name is taken", [&] { s.model.add("a", add(), {s.x, s.x}); });
  expect_error(ErrorCode::kMalformed, "empty name", [&] { s.model.add_input("", Fact()); });
  expect_error(ErrorCode::kMalformed, "'b': the name is taken", [&] { s.model.rename(s.a.node, "b"); });
  expect_error(ErrorCode::kMalformed, "output 'y': the name is taken", [&] { s.model.add_output("y", s.a); });
  expect_error(ErrorCode::kMalformed, "output 'z': the name is taken",
               [&] { s.model.set_outputs({{"z", s.a}, {"z", s.b}}); });
  expect_error(ErrorCode::kMalformed, "column 5", [&] { s.model.add_assertion({"", "P >="}); });
  expect_error(ErrorCode::kMalformed, "'2x' is no name", [&] { s.model.declare_symbol("2x"); });
  EXPECT_EQ(text_of(s.model), before);
  EXPECT_TRUE(s.model.assertions().empty());
}

TEST(Model, FindsAFreeName) {
  Small s;
  EXPECT_EQ(s.model.free_name("c"), "c");
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(s.model.free_name("a"), "a_" + std::to_string(i));
    s.model.add(s.model.free_name("a"), add(), {s.x, s.x});
  }
}

TEST(Model, RedirectMovesReadersAndOutputs) {
  Small s;
  s.model.add_output("z", s.a);
  const Outlet c = s.model.add("c", add(), {s.x, s.x});
  s.model.redirect(s.a, c);
  EXPECT_TRUE(s.model.consumers(s.a).empty());
  EXPECT_EQ(s.model.consumers(c).size(), 1u);
  EXPECT_EQ(s.model.node(s.b.node).inputs[0], c);
  EXPECT_FALSE(s.model.is_output(s.a));
  EXPECT_TRUE(s.model.is_output(c));
  EXPECT_EQ(s.model.outputs()[1].outlet, c);
  EXPECT_TRUE(is_consistent(s.model));
  s.model.remove(s.a.node);
  EXPECT_EQ(s.model.find("a"), -1);
  EXPECT_TRUE(is_consistent(s.model));
}

TEST(Model, OrderPutsEachNodeBehindWhatItReadsAndTakesTheLowestIdFirst) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {S}));
  const Outlet a = model.add("a", add(), {x, x});
  const Outlet b = model.add("b", add(), {x, x});
  const Outlet c = model.add("c", add(), {x, x});
  model.add("dead", add(), {c, c});
  model.add_input("unread", Fact(DType::kF32, {1}));
  model.add("state", std::make_shared<GrowOp>(), {c});
  model.add_output("y", model.add("sum", add(), {a, b}));
  model.redirect(a, c);  // what reads a now reads a node of a higher id
  EXPECT_EQ(names(model, model.order()), (Names{"x", "b", "c", "unread", "state", "sum"}));
}

TEST(Model, OrderNamesANodeOnACycle) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {S}));
  const Outlet a = model.add("a", add(), {x, x});
  const Outlet b = model.add("b", add(), {a, a});
  const Outlet c = model.add("c", add(), {b, b});
  model.add_output("y", model.add("tail", add(), {c, c}));
  EXPECT_EQ(model.order().size(), 5u);
  const Outlet z = model.add("z", add(), {c, c});
  model.redirect(a, z);  // b reads z reads c reads b
  const std::string what = error_of(ErrorCode::kMalformed, [&] { (void)model.order(); });
  EXPECT_NE(what.find("depends on itself"), what.npos) << what;
  EXPECT_TRUE(what.find("'b'") != what.npos || what.find("'c'") != what.npos || what.find("'z'") != what.npos) << what;
}

TEST(Model, DeadNodesGoAndStatesStay) {
  Small s;
  const Outlet c = s.model.add("c", add(), {s.a, s.a});
  s.model.add("d", add(), {c, c});
  const Outlet e = s.model.add("e", add(), {s.x, s.x});
  s.model.add("state", std::make_shared<GrowOp>(), {e});
  EXPECT_EQ(s.model.remove_dead(), 2);
  EXPECT_EQ(names(s.model, s.model.nodes()), (Names{"x", "a", "b", "e", "state"}));
  EXPECT_EQ(s.model.consumers(s.a).size(), 1u);
  EXPECT_TRUE(is_consistent(s.model));
  EXPECT_EQ(s.model.remove_dead(), 0);
  const NodeId unused = s.model.node_limit();
  EXPECT_EQ(s.model.add("f", add(), {s.x, s.x}).node, unused) << "ids are not used again";
}

TEST(Model, AssumesThatSymbolsAreAtLeastZeroAndWhatWasAsserted) {
  Model model;
  model.declare_symbol("P");
  model.declare_symbol("P");
  model.add_input("x", Fact(DType::kF32, {S}));
  EXPECT_EQ(model.symbols(), Names{"P"});
  const auto implied = [&](const Dim& a, const Dim& b) { return model.assumptions().implies_at_least(a, b); };
  EXPECT_TRUE(implied(P + S, S));
  EXPECT_FALSE(implied(S, 1));
  model.add_assertion({"pp", "P == 0"});
  EXPECT_FALSE(implied(0, P));
  model.add_assertion({"", "S >= 1"});
  model.add_assertion({"", "S+P < 4096"});
  EXPECT_TRUE(implied(S, 1));
  EXPECT_TRUE(implied(4095, P + S));
  EXPECT_EQ(model.assertions().size(), 3u);
}

TEST(Model, SubstituteReplacesSymbolsEverywhere) {
  Model model = two_caches();
  model.declare_symbol("P");
  model.declare_symbol("S");
  model.add_assertion({"", "S >= 1"});
  model.add_assertion({"", "P + S <= 100"});
  model.add_assertion({"pp", "P == 0"});
  model.add_output("iota", model.add("iota", std::make_shared<IotaOp>(S * 2), {}));
  const Model fixed = model.substitute({{"S", 3}});
  EXPECT_EQ(fixed.fact({fixed.find("k"), 0}).str(), "f32[3]");
  EXPECT_EQ(fixed.fact({fixed.find("keys"), 0}).str(), "f32[P + 3]");
  EXPECT_EQ(fixed.fact({fixed.find("iota"), 0}).str(), "f32[6]");
  EXPECT_EQ(fixed.symbols(), Names{"P"});
  ASSERT_EQ(fixed.assertions().size(), 2u);  // 3 >= 1 goes without saying
  EXPECT_EQ(fixed.assertions()[0].text, "P + 3 <= 100");
  EXPECT_EQ(fixed.assertions()[1].text, "P == 0");
  EXPECT_TRUE(fixed.assumptions().implies_at_least(97, P));
  EXPECT_EQ(model.fact({model.find("k"), 0}).str(), "f32[S]");
  EXPECT_EQ(model.substitute({{"S", sym("N") + 1}}).symbols(), (Names{"P", "N"}));
  expect_error(ErrorCode::kMismatch, "S >= 1 does not hold: it would be 0 >= 1",
               [&] { (void)model.substitute({{"S", 0}}); });
}

TEST(Model, SubstituteWorksOutElementsAgain) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {S, 4}));
  const Outlet dims = model.add("dims", std::make_shared<DimsOfOp>(), {x});
  EXPECT_EQ(*model.fact(dims).dims, (std::vector<Dim>{S, 4}));
  EXPECT_EQ(*model.substitute({{"S", 5}}).fact(dims).dims, (std::vector<Dim>{5, 4}));
}

TEST(Model, SubstituteTellsWhichNodeRefuses) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {S}));
  model.add("state", std::make_shared<GrowOp>("P"), {x});
  const Outlet y = model.add_input("y", Fact(DType::kF32, {P + S}));
  model.add_output("z", model.add("z", add(), {{model.find("state"), 0}, y}));
  // The state keeps its own P, the input does not.
  expect_error(ErrorCode::kMismatch, "node 'z'", [&] { (void)model.substitute({{"P", 1}}); });
}

TEST(Model, ConstantsTellTypeShapeAndContent) {
  Model model;
  const auto text = [&](Constant value) {
    return model.node(model.add_constant(model.free_name("c"), std::move(value)).node).op->attributes();
  };
  EXPECT_EQ(text(floats({1, 2})), text(floats({1, 2})));
  EXPECT_NE(text(floats({1, 2})), text(floats({2, 1})));
  EXPECT_EQ(text(floats({1, 2})).substr(0, 7), "f32[2] ");
  EXPECT_NE(text(Strings{{1}, {"a"}}), text(Strings{{1}, {"b"}}));
  EXPECT_EQ(text(Q4Blocks::encode(Tensor(DType::kF32, {0, 32}))).substr(0, 11), "q4_0[0,32] ");
}

}  // namespace
}  // namespace kvproof
