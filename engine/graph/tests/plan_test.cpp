// Plans: what is folded, what is freed, and when two plans are one.
#include "engine/graph/plan.h"

#include <set>

#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

std::vector<std::string> operators(const Plan& plan) {
  std::vector<std::string> names;
  for (const Plan::Step& step : plan.steps()) names.emplace_back(plan.model().node(step.node).op->name());
  return names;
}
using Names = std::vector<std::string>;

const ConstantOp* constant_output(const Plan& plan, std::size_t i = 0) {
  return plan.model().op_as<ConstantOp>(plan.model().outputs()[i].outlet.node);
}

TEST(Plan, FoldsWhatDependsOnConstantsAlone) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {2}));
  const Outlet c = model.add_constant("c", floats({1, 2}));
  const Outlet two = model.add("two", std::make_shared<AddOp>(), {c, c});
  const Outlet four = model.add("four", std::make_shared<AddOp>(), {two, two});
  model.add_output("y", model.add("y", std::make_shared<AddOp>(), {x, four}));
  model.add_output("four", four);
  const Plan plan(model);
  EXPECT_EQ(operators(plan), Names{"Add"});
  ASSERT_NE(constant_output(plan, 1), nullptr);
  EXPECT_EQ(floats_of(Value(constant_output(plan, 1)->value().tensor())), (std::vector<float>{4, 8}));
  EXPECT_NE(plan.model().find("four"), -1) << "a folded node keeps its name";
  EXPECT_EQ(plan.model().find("two"), -1) << "what nobody reads any more goes";
  EXPECT_EQ(operators(Plan(model, {.symbols = {}, .fold = false})), (Names{"Add", "Add", "Add"}));
}

TEST(Plan, FoldsElementsThatFactsTellThoughTheInputIsUnknown) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {2, 5}));
  model.add_output("dims", model.add("dims", std::make_shared<DimsOfOp>(), {x}));
  const Plan plan(model);
  EXPECT_TRUE(plan.steps().empty());
  ASSERT_NE(constant_output(plan), nullptr);
  EXPECT_EQ(constant_output(plan)->value().dtype(), DType::kDim);
  EXPECT_EQ(constant_output(plan)->value().tensor()->as<std::int64_t>()[1], 5);
}

TEST(Plan, FoldsWhatNeedsASymbolOnlyWhenItIsBound) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {sym("S")}));
  model.add_output("dims", model.add("dims", std::make_shared<DimsOfOp>(), {x}));
  model.add_output("iota", model.add("iota", std::make_shared<IotaOp>(sym("S") + 1), {}));
  EXPECT_EQ(Plan(model).steps().size(), 2u);
  const Plan bound(model, {.symbols = {{"S", 3}}});
  EXPECT_TRUE(bound.steps().empty());
  EXPECT_EQ(constant_output(bound, 1)->value().shape(), Shape({4}));
  EXPECT_TRUE(bound.symbolic().empty());
}

TEST(Plan, LeavesStatesAndLargeResultsToTheTurns) {
  Model model;
  const Outlet c = model.add_constant("c", floats({1}));
  model.add_output("grown", model.add("grown", std::make_shared<GrowOp>(), {c}));
  const std::int64_t at_most = (std::int64_t{64} << 20) / 4;
  model.add_output("large", model.add("large", std::make_shared<IotaOp>(at_most + 1), {}));
  EXPECT_EQ(operators(Plan(model)), (Names{"Grow", "Iota"}));
}

TEST(Plan, DropsDeadNodesButNoState) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {sym("S")}));
  model.add("dead", std::make_shared<AddOp>(), {x, x});
  model.add("kept", std::make_shared<GrowOp>(), {x});
  model.add_output("x", x);
  const Plan plan(model);
  EXPECT_EQ(operators(plan), Names{"Grow"});
  EXPECT_EQ(plan.stateful().size(), 1u);
}

// Walks a plan as a session does; reports reads of what is not there and what is left at the end.
std::set<int> slots_left(const Plan& plan) {
  std::set<int> live(plan.input_slots().begin(), plan.input_slots().end());
  for (std::size_t i = 0; i < plan.values().size(); ++i) {
    if (plan.values()[i].view().data) live.insert(int(i));
  }
  for (const Plan::Step& step : plan.steps()) {
    for (const int slot : step.inputs) EXPECT_TRUE(live.contains(slot)) << slot;
    for (const int slot : step.outputs) EXPECT_TRUE(live.insert(slot).second) << slot;
    for (const int slot : step.free) EXPECT_EQ(live.erase(slot), 1u) << slot;
  }
  return live;
}

TEST(Plan, FreesEveryValueBehindItsLastUse) {
  const Plan plan(two_caches());
  const std::set<int> outputs(plan.output_slots().begin(), plan.output_slots().end());
  EXPECT_EQ(slots_left(plan), outputs);
}

TEST(Plan, KeepsConstantsAndFreesWhatNobodyReads) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {1}));
  const Outlet c = model.add_constant("c", floats({1}));
  const Outlet y = model.add("y", std::make_shared<AddOp>(), {x, c});
  model.add("unread", std::make_shared<GrowOp>(), {y});
  model.add_output("y", y);
  const Plan plan(model);
  EXPECT_EQ(slots_left(plan).size(), 2u);  // c and y
  EXPECT_EQ(plan.steps().back().free.size(), 1u);
}

TEST(Plan, RefusesABindingThatLeavesNoShape) {
  Model model;
  model.add_output("iota", model.add("iota", std::make_shared<IotaOp>(sym("S") - 3), {}));
  expect_error(ErrorCode::kMismatch, "iota", [&] { Plan(model, {.symbols = {{"S", 2}}}); });
}

TEST(Plan, RefusesToComputeWithStrings) {
  Model model;
  model.add_output("s", model.add_constant("greeting", Strings{{1}, {"hello"}}));
  expect_error(ErrorCode::kUnsupported, "greeting", [&] { Plan plan(model); });
}

// The caches of two_caches, made in the other order.
Model two_caches_mirrored() {
  const auto trouble = std::make_shared<Trouble>();
  Model model;
  const Outlet v = model.add_input("v", Fact(DType::kF32, {sym("S")}));
  const Outlet k = model.add_input("k", Fact(DType::kF32, {sym("S")}));
  const Outlet values = model.add("values", std::make_shared<GrowOp>("P", trouble), {v});
  const Outlet keys = model.add("keys", std::make_shared<GrowOp>("P", trouble), {k});
  const Outlet sum = model.add("sum", std::make_shared<AddOp>(trouble), {keys, values});
  const Outlet twice = model.add("twice", std::make_shared<AddOp>(trouble), {sum, sum});
  model.set_inputs({k.node, v.node});
  model.set_outputs({{"sum", sum}, {"twice", twice}});
  return model;
}

TEST(Plan, EqualModelsHaveOneFingerprintAndOneOrderOfStates) {
  const Plan plan(two_caches()), mirrored(two_caches_mirrored());
  EXPECT_EQ(plan.fingerprint(), mirrored.fingerprint());
  for (const Plan* p : {&plan, &mirrored}) {
    ASSERT_EQ(p->stateful().size(), 2u);
    EXPECT_EQ(p->model().node(p->stateful()[0]).name, "keys");
    EXPECT_EQ(p->model().node(p->stateful()[1]).name, "values");
  }
}

TEST(Plan, AnotherAttributeWireOrOutputIsAnotherFingerprint) {
  std::set<std::uint64_t> prints{Plan(two_caches()).fingerprint()};
  const auto differs = [&](const Model& model) { return prints.insert(Plan(model).fingerprint()).second; };
  EXPECT_TRUE(differs(two_caches().substitute({{"S", Dim(1)}})));
  Model swapped = two_caches();
  swapped.set_outputs({{"sum", swapped.outputs()[1].outlet}, {"twice", swapped.outputs()[0].outlet}});
  EXPECT_TRUE(differs(swapped));
  Model crossed = two_caches();
  const NodeId sum = crossed.find("sum");
  crossed.redirect({crossed.find("values"), 0}, {crossed.find("keys"), 0});
  ASSERT_EQ(crossed.node(sum).inputs[0], crossed.node(sum).inputs[1]);
  EXPECT_TRUE(differs(crossed));
}

TEST(Plan, ALongChainTakesNoStack) {
  Model model;
  Outlet at = model.add_input("x", Fact(DType::kF32, {1}));
  for (int i = 0; i < 10'000; ++i) at = model.add("n" + std::to_string(i), std::make_shared<AddOp>(), {at, at});
  model.add_output("y", at);
  EXPECT_EQ(Plan(model).steps().size(), 10'000u);
}

}  // namespace
}  // namespace kvproof
