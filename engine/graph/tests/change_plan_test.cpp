// Sessions that go on with another plan of their model.
#include "engine/graph/session.h"
#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

using Row = std::vector<float>;

std::shared_ptr<const Plan> plan_of(const Model& model, const Bindings& symbols = {}) {
  return std::make_shared<const Plan>(model, PlanOptions{.symbols = symbols});
}

Row turn(Session& session, const Row& k, const Row& v) {
  return floats_of(session.run(std::vector<Value>{floats(k), floats(v)}).at(1));
}

TEST(ChangePlan, TheStatesStay) {
  const Model model = two_caches();
  Session session(plan_of(model)), other(plan_of(model));
  turn(session, {1, 2}, {10, 20});
  turn(other, {1, 2}, {10, 20});
  session.change_plan(plan_of(model, {{"P", 2}, {"S", 1}}));
  EXPECT_EQ(turn(session, {3}, {30}), (Row{22, 44, 66}));
  session.change_plan(plan_of(model));
  EXPECT_EQ(turn(session, {4, 5}, {40, 50}), (Row{22, 44, 66, 88, 110}));
  EXPECT_EQ(session.turns(), 3);
}

TEST(ChangePlan, APlanOfAnotherLengthRefusesTheTurnAndNothingChanges) {
  const Model model = two_caches();
  Session session(plan_of(model));
  turn(session, {1, 2}, {10, 20});
  session.change_plan(plan_of(model, {{"P", 3}}));
  expect_error(ErrorCode::kMismatch, "symbol 'P' is 3 already, but a state holds 2 tokens",
               [&] { turn(session, {3}, {30}); });
  session.change_plan(plan_of(model, {{"S", 2}}));
  expect_error(ErrorCode::kMismatch, "dimension 0 of input 'k' is 1, expected 2", [&] { turn(session, {3}, {30}); });
  EXPECT_EQ(turn(session, {3, 4}, {30, 40}), (Row{22, 44, 66, 88}));
}

TEST(ChangePlan, SnapshotsRemainThoseOfTheFirstPlan) {
  const Model model = two_caches();
  Session session(plan_of(model)), fresh(plan_of(model));
  session.change_plan(plan_of(model, {{"P", 0}}));
  turn(session, {1}, {10});
  std::vector<std::byte> bytes;
  SnapshotWriter writer(bytes);
  session.save(writer);
  SnapshotReader reader(bytes, SnapshotReader::Trailing::kRefuse);
  fresh.load(reader);
  EXPECT_EQ(turn(fresh, {2}, {20}), (Row{22, 44}));
  const Frozen frozen = session.freeze();
  session.change_plan(plan_of(model));
  session.thaw(frozen);
  EXPECT_EQ(turn(session, {2}, {20}), (Row{22, 44}));
}

TEST(ChangePlan, APlanWithOtherStatesIsRefused) {
  Session session(plan_of(two_caches()));
  turn(session, {1}, {10});
  Model one, renamed, other;
  one.add_output("sum",
                 one.add("keys", std::make_shared<GrowOp>(), {one.add_input("k", Fact(DType::kF32, {sym("S")}))}));
  expect_error(ErrorCode::kMismatch, "'values' do not fit: the plan has no such node",
               [&] { session.change_plan(plan_of(one)); });
  for (auto [model, name, past] : {std::tuple{&renamed, "kees", "P"}, std::tuple{&other, "keys", "Q"}}) {
    const Outlet k = model->add_input("k", Fact(DType::kF32, {sym("S")}));
    const Outlet v = model->add_input("v", Fact(DType::kF32, {sym("S")}));
    model->add_output("keys_out", model->add(name, std::make_shared<GrowOp>(past), {k}));
    model->add_output("twice", model->add("values", std::make_shared<GrowOp>(past), {v}));
  }
  expect_error(ErrorCode::kMismatch, "'kees' do not fit: they had no such node",
               [&] { session.change_plan(plan_of(renamed)); });
  expect_error(ErrorCode::kMismatch, "'keys' do not fit: its operator is another one",
               [&] { session.change_plan(plan_of(other)); });
  EXPECT_EQ(turn(session, {2}, {20}), (Row{22, 44}));
}

}  // namespace
}  // namespace kvproof
