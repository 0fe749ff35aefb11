// Sessions: turns that are kept as a whole or not at all, and states that travel.
#include "engine/graph/session.h"

#include <unistd.h>

#include <filesystem>

#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

using Row = std::vector<float>;
using Bytes = std::vector<std::byte>;

Session session_of(const Model& model) { return Session(std::make_shared<const Plan>(model)); }

// One turn of two_caches: what `twice` says.
Row turn(Session& session, const Row& k, const Row& v) {
  const std::vector<Value> inputs{floats(k), floats(v)};
  return floats_of(session.run(inputs).at(1));
}

Bytes saved(const Session& session) {
  Bytes bytes;
  SnapshotWriter writer(bytes);
  session.save(writer);
  return bytes;
}

void load(Session& session, const Bytes& bytes) {
  SnapshotReader reader(bytes, SnapshotReader::Trailing::kRefuse);
  session.load(reader);
}

TEST(Session, KeepsStateFromTurnToTurn) {
  Session session = session_of(two_caches());
  EXPECT_EQ(turn(session, {1, 2}, {10, 20}), (Row{22, 44}));
  EXPECT_EQ(turn(session, {3}, {30}), (Row{22, 44, 66}));
  EXPECT_EQ(session.turns(), 2);
  EXPECT_EQ(session.past(), (std::map<std::string, std::int64_t>{{"keys", 3}, {"values", 3}}));
  session.reset();
  EXPECT_EQ(session.turns(), 0);
  EXPECT_EQ(turn(session, {1}, {1}), (Row{4}));
}

TEST(Session, TakesAndGivesValuesByName) {
  Session session = session_of(two_caches());
  const auto outputs = session.run({{"v", floats({10})}, {"k", floats({1})}});
  EXPECT_EQ(floats_of(outputs.at("sum")), (Row{11}));
  EXPECT_EQ(floats_of(outputs.at("twice")), (Row{22}));
  expect_error(ErrorCode::kUsage, "'v' is missing", [&] { session.run({{"k", floats({1})}}); });
  expect_error(ErrorCode::kUsage, "no input 'w'",
               [&] { session.run({{"k", floats({1})}, {"v", floats({1})}, {"w", floats({1})}}); });
  EXPECT_EQ(session.turns(), 1);
}

TEST(Session, AnEmptyTurnChangesNothing) {
  Session session = session_of(two_caches());
  turn(session, {1}, {2});
  EXPECT_EQ(turn(session, {}, {}), (Row{6}));
  EXPECT_EQ(session.past().at("keys"), 1);
}

TEST(Session, ATurnThatFailsAnywhereLeavesEveryStateAsItWas) {
  const auto trouble = std::make_shared<Trouble>();
  Session session = session_of(two_caches(trouble));
  turn(session, {1}, {2});
  const Bytes before = saved(session);
  for (int node = 0; node < 4; ++node) {
    trouble->evals = node;
    EXPECT_THROW(turn(session, {5}, {6}), Error) << node;
    trouble->evals = -1;
    EXPECT_EQ(saved(session), before) << node;
  }
  EXPECT_EQ(session.turns(), 1);
  EXPECT_EQ(turn(session, {3}, {4}), (Row{6, 14}));
}

TEST(Session, AnErrorNamesTheNode) {
  const auto trouble = std::make_shared<Trouble>();
  Session session = session_of(two_caches(trouble));
  trouble->evals = 2;
  expect_error(ErrorCode::kResource, "node 'sum' (Add): no adding today", [&] { turn(session, {1}, {2}); });
}

TEST(Session, AFirstCommitThatFailsLeavesEveryStateAsItWas) {
  const auto trouble = std::make_shared<Trouble>();
  Session session = session_of(two_caches(trouble));
  turn(session, {1}, {2});
  const Bytes before = saved(session);
  trouble->commits = 0;
  expect_error(ErrorCode::kResource, "keys", [&] { turn(session, {5}, {6}); });
  trouble->commits = -1;
  EXPECT_EQ(saved(session), before);
  EXPECT_EQ(turn(session, {3}, {4}), (Row{6, 14}));
}

TEST(Session, ALaterCommitThatFailsStopsTheSessionUntilItsStatesAreReplaced) {
  const auto trouble = std::make_shared<Trouble>();
  Session session = session_of(two_caches(trouble));
  turn(session, {1}, {2});
  const Frozen frozen = session.freeze();
  const Bytes bytes = saved(session);
  const auto break_it = [&] {
    trouble->commits = 1;
    expect_error(ErrorCode::kResource, "reset, thaw or load", [&] { turn(session, {5}, {6}); });
    trouble->commits = -1;
    expect_error(ErrorCode::kUsage, "reset, thaw or load", [&] { turn(session, {5}, {6}); });
    EXPECT_THROW((void)session.freeze(), Error);
    EXPECT_THROW(saved(session), Error);
  };
  break_it();
  session.thaw(frozen);
  EXPECT_EQ(turn(session, {3}, {4}), (Row{6, 14}));
  break_it();
  load(session, bytes);
  EXPECT_EQ(turn(session, {3}, {4}), (Row{6, 14}));
  break_it();
  session.reset();
  EXPECT_EQ(turn(session, {3}, {4}), (Row{14}));
}

TEST(Session, FreezeAndThawAtAnyTurnChangeNothing) {
  for (int at = 0; at <= 4; ++at) {
    Session straight = session_of(two_caches()), broken = session_of(two_caches());
    Frozen frozen;
    for (int i = 0; i < 4; ++i) {
      if (i == at) frozen = broken.freeze();
      EXPECT_EQ(turn(straight, {float(i)}, {1}), turn(broken, {float(i)}, {1}));
    }
    if (at == 4) frozen = broken.freeze();
    turn(broken, {99}, {99});  // which the frozen states do not see
    broken.thaw(frozen);
    EXPECT_EQ(broken.turns(), at);
    for (int i = at; i < 4; ++i) turn(broken, {float(i)}, {1});
    EXPECT_EQ(saved(straight), saved(broken)) << at;
  }
}

TEST(Session, AFrozenStateCanBeThawedAgainAndElsewhere) {
  const auto plan = std::make_shared<const Plan>(two_caches());
  Session a(plan), b(plan);
  turn(a, {1}, {2});
  const Frozen frozen = a.freeze();
  b.thaw(frozen);
  EXPECT_EQ(turn(b, {3}, {4}), (Row{6, 14}));
  b.thaw(frozen);
  EXPECT_EQ(turn(b, {5}, {6}), (Row{6, 22}));
  EXPECT_EQ(turn(a, {7}, {8}), (Row{6, 30}));
}

// Like two_caches, but one cache feeds both sides.
Model one_cache() {
  Model model;
  const Outlet k = model.add_input("k", Fact(DType::kF32, {sym("S")}));
  const Outlet keys = model.add("keys", std::make_shared<GrowOp>(), {k});
  model.add_output("sum", model.add("sum", std::make_shared<AddOp>(), {keys, keys}));
  return model;
}

TEST(Session, StatesOfAnotherPlanAreRefused) {
  Session session = session_of(two_caches()), other = session_of(one_cache());
  turn(session, {1}, {2});
  const Bytes before = saved(session);
  expect_error(ErrorCode::kMismatch, "another model", [&] { session.thaw(other.freeze()); });
  expect_error(ErrorCode::kMismatch, "nothing was frozen", [&] { session.thaw(Frozen()); });
  expect_error(ErrorCode::kMismatch, "another model", [&] { load(session, saved(other)); });
  EXPECT_EQ(saved(session), before);
}

TEST(Session, SaveAndLoadAtAnyTurnChangeNothingEvenInADirtySession) {
  for (int at = 0; at <= 3; ++at) {
    Session straight = session_of(two_caches()), later = session_of(two_caches());
    turn(later, {7, 7}, {7, 7});
    for (int i = 0; i < at; ++i) turn(straight, {float(i)}, {1});
    load(later, saved(straight));
    EXPECT_EQ(later.turns(), at);
    EXPECT_EQ(saved(later), saved(straight));
    for (int i = at; i < 4; ++i) EXPECT_EQ(turn(straight, {float(i)}, {1}), turn(later, {float(i)}, {1}));
  }
}

TEST(Session, ADamagedRecordIsRefusedAndChangesNothing) {
  Session session = session_of(two_caches()), target = session_of(two_caches());
  turn(session, {1, 2}, {3, 4});
  turn(target, {9}, {9});
  const Bytes good = saved(session), before = saved(target);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes flipped = good, cut(good.begin(), good.begin() + std::ptrdiff_t(i));
    flipped[i] ^= std::byte{1};
    EXPECT_THROW(load(target, flipped), Error) << i;
    EXPECT_THROW(load(target, cut), Error) << i;
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_THROW(load(target, longer), Error);
  EXPECT_EQ(saved(target), before);
}

TEST(Session, StatesTravelInAFile) {
  const std::string path = testing::TempDir() + "kvproof_session_" + std::to_string(getpid()) + ".state";
  Session session = session_of(two_caches()), later = session_of(two_caches());
  turn(session, {1, 2}, {3, 4});
  session.save(path);
  later.load(path);
  EXPECT_EQ(saved(later), saved(session));
  std::filesystem::remove(path);
  expect_error(ErrorCode::kIo, path, [&] { later.load(path); });
}

TEST(Session, AFailedSaveLeavesTheOldFileAndNoOther) {
  const std::string path = testing::TempDir() + "kvproof_session_kept_" + std::to_string(getpid()) + ".state";
  const auto trouble = std::make_shared<Trouble>();
  Session session = session_of(two_caches(trouble)), later = session_of(two_caches());
  turn(session, {1}, {2});
  session.save(path);
  const Bytes before = saved(session);
  trouble->commits = 1;
  EXPECT_THROW(turn(session, {5}, {6}), Error);
  EXPECT_THROW(session.save(path), Error);
  later.load(path);
  EXPECT_EQ(saved(later), before);
  std::filesystem::remove(path);
}

TEST(Session, WrongInputsNameTheInputTheDimensionAndBothSizes) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {3, sym("S")}));
  model.add_input("y", Fact(DType::kF32, {sym("S") * 2}));
  model.add_output("x", x);
  Session session = session_of(model);
  const auto run = [&](const Shape& a, const Shape& b, DType dtype = DType::kF32) {
    const std::vector<Value> inputs{Tensor(dtype, a), Tensor(DType::kF32, b)};
    return session.run(inputs);
  };
  EXPECT_EQ(run({3, 4}, {8}).size(), 1u);
  expect_error(ErrorCode::kMismatch, "dimension 0 of input 'x' is 2, expected 3", [&] { run({2, 4}, {8}); });
  expect_error(ErrorCode::kMismatch, "dimension 0 of input 'y' is 7, expected 8 = 2*S", [&] { run({3, 4}, {7}); });
  expect_error(ErrorCode::kMismatch, "input 'x' has shape [12], expected f32[3,S]", [&] { run({12}, {8}); });
  expect_error(ErrorCode::kMismatch, "input 'x' is f16, expected f32[3,S]", [&] { run({3, 4}, {8}, DType::kF16); });
  expect_error(ErrorCode::kMismatch, "1 inputs where the model has 2",
               [&] { session.run(std::vector<Value>{Tensor(DType::kF32, {3, 4})}); });
}

TEST(Session, ASymbolWithTwoValuesNamesBoth) {
  Session session = session_of(two_caches());
  expect_error(ErrorCode::kMismatch, "dimension 0 of input 'v' is 3, but symbol 'S' is 2",
               [&] { turn(session, {1, 2}, {1, 2, 3}); });
  EXPECT_EQ(session.past().at("keys"), 0);
}

TEST(Session, StatesOfDifferentLengthsUnderOneSymbolAreToldApart) {
  const Model model = one_cache();
  const std::vector<PastLength> past{{"P", 3}, {"P", 4}};
  expect_error(ErrorCode::kMismatch, "symbol 'P' is 3 already, but a state holds 4 tokens",
               [&] { bind_symbols(model, std::vector<Shape>{{1}}, past); });
}

TEST(Session, APastLengthAndAnInputMustAgree) {
  Model model = one_cache();
  model.add_output("mask", model.add_input("mask", Fact(DType::kF32, {sym("P") + sym("S")})));
  model.add_output("old", model.add_input("old", Fact(DType::kF32, {sym("P")})));
  const std::vector<PastLength> past{{"P", 3}};
  const auto bind = [&](std::int64_t mask, std::int64_t old) {
    return bind_symbols(model, std::vector<Shape>{{2}, {mask}, {old}}, past);
  };
  EXPECT_EQ(bind(5, 3), (Bindings{{"P", 3}, {"S", 2}}));
  expect_error(ErrorCode::kMismatch, "dimension 0 of input 'old' is 4, but symbol 'P' is 3", [&] { bind(5, 4); });
  expect_error(ErrorCode::kMismatch, "dimension 0 of input 'mask' is 6, expected 5 = P + S", [&] { bind(6, 3); });
}

TEST(Session, ASymbolThatNothingBindsIsNamedBeforeAnythingRuns) {
  const auto trouble = std::make_shared<Trouble>();
  Model model = two_caches(trouble);
  model.add_output("iota", model.add("iota", std::make_shared<IotaOp>(sym("T")), {}));
  Session session = session_of(model);
  trouble->evals = 0;  // evaluating would fail differently
  expect_error(ErrorCode::kUsage, "node 'iota', f32[T]: the symbol", [&] { turn(session, {1}, {2}); });
}

TEST(Session, AShapeThatCannotBeIsToldBeforeAnythingRuns) {
  const auto trouble = std::make_shared<Trouble>();
  Model model = two_caches(trouble);
  model.add_output("iota", model.add("iota", std::make_shared<IotaOp>(sym("S") - 2), {}));
  Session session = session_of(model);
  trouble->evals = 0;
  expect_error(ErrorCode::kMalformed, "node 'iota', f32[S - 2]", [&] { turn(session, {1}, {2}); });
}

TEST(Session, WhatTheModelAssertsIsAskedOfEveryTurn) {
  Model model = two_caches();
  model.add_assertion({"", "P + S <= 3"});
  Session session = session_of(model);
  turn(session, {1, 2}, {1, 2});
  expect_error(ErrorCode::kMismatch, "P = 2, S = 2", [&] { turn(session, {3, 4}, {3, 4}); });
  turn(session, {3}, {3});
}

TEST(Session, ATurnLikeTheOneBeforeAllocatesNothing) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {sym("S")}));
  Outlet at = x;
  for (int i = 0; i < 10; ++i) at = model.add("n" + std::to_string(i), std::make_shared<AddOp>(), {at, x});
  model.add_output("y", at);
  Session session = session_of(model);
  const std::vector<Value> inputs{floats({1, 2, 3})};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(floats_of(session.run(inputs)[0]), (Row{11, 22, 33}));
  const std::size_t before = session.workspace().allocations();
  for (int i = 0; i < 10; ++i) session.run(inputs);
  EXPECT_EQ(session.workspace().allocations(), before);
  EXPECT_LE(before, 3u) << "values are freed behind their last use";
}

TEST(Session, ValuesOutliveTheSession) {
  std::vector<Value> outputs;
  {
    Session session = session_of(two_caches());
    const std::vector<Value> inputs{floats({1, 2}), floats({3, 4})};
    outputs = session.run(inputs);
  }
  EXPECT_EQ(floats_of(outputs[0]), (Row{4, 6}));
}

TEST(Session, InputsAndConstantsMayBeOutputs) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {1}));
  const Outlet c = model.add_constant("c", floats({7}));
  model.set_outputs({{"a", x}, {"b", c}, {"c", x}});
  Session session = session_of(model);
  for (int i = 0; i < 2; ++i) {
    const auto outputs = session.run(std::vector<Value>{floats({5})});
    EXPECT_EQ(floats_of(outputs[0]), Row{5});
    EXPECT_EQ(floats_of(outputs[1]), Row{7});
    EXPECT_EQ(floats_of(outputs[2]), Row{5});
  }
}

TEST(Session, AnObserverSeesEveryStepInItsOrder) {
  Session session = session_of(two_caches());
  std::vector<std::string> seen;
  session.observe([&](const StepRecord& record) {
    EXPECT_GE(record.seconds, 0);
    EXPECT_EQ(record.outputs.size(), 1u);
    seen.push_back(record.node.name);
  });
  turn(session, {1}, {2});
  EXPECT_EQ(seen, (std::vector<std::string>{"keys", "values", "sum", "twice"}));
}

}  // namespace
}  // namespace kvproof
