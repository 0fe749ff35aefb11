// A patch changes all that it says or nothing at all.
#include "engine/graph/patch.h"

#include "engine/base/random.h"
#include "engine/graph/tests/model_text.h"
#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

OpPtr add() { return std::make_shared<AddOp>(); }

Fact row() { return Fact(DType::kF32, {sym("S")}); }

// x -> a = x + x -> b = a + x -> output y
struct Small {
  Model model;
  Outlet x = model.add_input("x", row());
  Outlet a = model.add("a", add(), {x, x});
  Outlet b = model.add("b", add(), {a, x});
  Small() { model.add_output("y", b); }

  void expect_refused(const Patch& patch, const std::string& why) {
    const std::string before = text_of(model);
    std::vector<NodeId> touched;
    EXPECT_NE(patch.make(model, &touched).find(why), std::string::npos) << patch.make(model);
    EXPECT_EQ(text_of(model), before);
    EXPECT_TRUE(touched.empty());
  }
};

TEST(Patch, ReplacesANodeAndTakesItsName) {
  Small s;
  Patch patch;
  const Outlet c = patch.add_constant("c", floats({1}));
  const Outlet n = patch.add("a", std::make_shared<GrowOp>("P"), {s.x});
  const Outlet m = patch.add("m", std::make_shared<IotaOp>(sym("S")), {});
  patch.replace(s.a, m);
  std::vector<NodeId> touched;
  EXPECT_EQ(patch.make(s.model, &touched), "");
  EXPECT_EQ(s.model.find("c"), -1) << "nothing reads it";
  EXPECT_FALSE(s.model.has(s.a.node));
  EXPECT_EQ(s.model.node(s.model.find("a")).op->name(), "Grow") << "the name became free";
  EXPECT_EQ(s.model.node(s.b.node).inputs[0].node, s.model.find("m"));
  EXPECT_EQ(touched, (std::vector<NodeId>{s.model.find("a"), s.model.find("m"), s.b.node}));
  EXPECT_TRUE(is_consistent(s.model));
  EXPECT_NE(c, n);
}

TEST(Patch, WhatReplacesMayReadWhatItReplaces) {
  Small s;
  Patch patch;
  const Outlet twice = patch.add("twice", add(), {s.b, s.b});
  const Outlet thrice = patch.add("thrice", add(), {twice, s.b});
  patch.replace(s.b, thrice);
  EXPECT_EQ(patch.make(s.model), "");
  EXPECT_EQ(s.model.outputs()[0].outlet.node, s.model.find("thrice"));
  EXPECT_EQ(s.model.consumers(s.b).size(), 3u);
  EXPECT_EQ(s.model.order().size(), 5u);
}

TEST(Patch, StatesThatHaveLostTheirReadersGoAndOthersStay) {
  Model model = two_caches();
  model.add("watcher", std::make_shared<GrowOp>("W"), {{model.find("k"), 0}});
  Patch patch;
  patch.replace({model.find("sum"), 0}, patch.add("fresh", std::make_shared<IotaOp>(sym("P") + sym("S")), {}));
  EXPECT_EQ(patch.make(model), "");
  EXPECT_EQ(model.find("keys"), -1);
  EXPECT_EQ(model.find("values"), -1);
  EXPECT_GE(model.find("watcher"), 0);
  EXPECT_EQ(model.inputs().size(), 2u);
}

TEST(Patch, MovesInputsAndOutputs) {
  Small s;
  Patch patch;
  const Outlet z = patch.add_input("z", row());
  patch.remove_output("y");
  patch.add_output("w", z);
  patch.add_output("a", s.a);
  patch.rename(s.a.node, "first");
  EXPECT_EQ(patch.make(s.model), "");
  EXPECT_EQ(s.model.find("b"), -1);
  EXPECT_EQ(s.model.find("first"), s.a.node);
  ASSERT_EQ(s.model.outputs().size(), 2u);
  EXPECT_EQ(s.model.outputs()[0].name, "w");
  EXPECT_EQ(s.model.inputs(), (std::vector<NodeId>{s.x.node, s.model.find("z")}));

  Patch next;
  next.remove_output("a");
  next.remove_input(s.x.node);
  EXPECT_EQ(next.make(s.model), "");
  EXPECT_EQ(s.model.inputs(), std::vector<NodeId>{s.model.find("z")});
  EXPECT_EQ(s.model.node_count(), 1);
}

TEST(Patch, IsRefusedForFactsOfAnotherKind) {
  Small s;
  Patch patch;
  patch.rename(s.a.node, "renamed");
  patch.replace(s.a, patch.add("n", std::make_shared<IotaOp>(7), {}));
  s.expect_refused(patch, "'renamed' is f32[S] and cannot be replaced by f32[7]");
}

TEST(Patch, IsRefusedWhereAnOperatorRefuses) {
  Small s;
  Patch patch;
  const Outlet n = patch.add("n", std::make_shared<IotaOp>(sym("Q")), {});
  patch.replace(s.a, patch.add("m", add(), {s.x, s.x}));
  patch.add("sum", add(), {s.x, n});
  s.expect_refused(patch, "node 'sum': two of a kind");
}

TEST(Patch, IsRefusedWhereANameIsTaken) {
  Small s;
  Patch input, output, name;
  input.add_input("a", row());
  output.add_output("z", s.a);
  output.remove_output("y");
  output.add_output("z", s.b);
  name.add("n", add(), {s.x, s.x});
  name.rename(s.b.node, "x");
  s.expect_refused(input, "node 'a': the name is taken");
  s.expect_refused(output, "output 'z': the name is taken");
  s.expect_refused(name, "node 'x': the name is taken");
}

TEST(Patch, IsRefusedWhereSomethingIsStillReadOrIsNotThere) {
  Small s;
  Patch input, output;
  input.replace(s.a, input.add("n", add(), {s.x, s.x}));
  input.remove_input(s.x.node);
  output.remove_output("y");
  output.remove_output("y");
  s.expect_refused(input, "the input 'x' is still read");
  s.expect_refused(output, "there is no output 'y'");
}

TEST(Patch, IsRefusedWhereANodeWouldDependOnItself) {
  Small s;
  Patch direct, far;
  direct.replace(s.a, s.b);
  s.expect_refused(direct, "depends on a node that reads it");
  far.replace(s.a, far.add("n", add(), {far.add("m", add(), {s.b, s.x}), s.x}));
  s.expect_refused(far, "depends on a node that reads it");
}

TEST(Patch, TwoReplacementsThatCloseACycleTogetherAreRefused) {
  Small s;
  const Outlet c = s.model.add("c", add(), {s.x, s.x});
  s.model.add_output("z", s.model.add("d", add(), {c, s.x}));
  const Outlet d{s.model.find("d"), 0};
  Patch patch;
  patch.replace(s.a, d);  // b reads d
  patch.replace(c, s.b);  // d reads b
  s.expect_refused(patch, "depends on a node that reads it");
}

// Two inputs of a random node: mostly of those that were added last, so that there are long paths.
std::vector<Outlet> drawn_inputs(Random& random, const std::vector<Outlet>& all) {
  std::vector<Outlet> result;
  for (int i = 0; i < 2; ++i) {
    const std::int64_t reach = random.integer(0, 9) == 0 ? std::int64_t(all.size()) : 3;
    result.push_back(all[std::size_t(std::max<std::int64_t>(0, std::int64_t(all.size()) - random.integer(1, reach)))]);
  }
  return result;
}

bool has_cycle(Model model) {
  for (const NodeId id : model.nodes()) model.add_output("all_" + std::to_string(id), {id, 0});
  try {
    return model.order().empty();
  } catch (const Error&) {
    return true;
  }
}

// The search nearby says what a search of the whole model says.
TEST(Patch, RefusesExactlyTheCyclesThatThereWouldBe) {
  Random random(7);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    Model model;
    std::vector<Outlet> all{model.add_input("x", row())};
    const std::size_t nodes = round % 3 == 0 ? 300 : 12;
    while (all.size() < nodes) {
      all.push_back(model.add_node("n" + std::to_string(all.size()), add(), drawn_inputs(random, all))[0]);
    }
    model.add_output("y", all.back());
    const Outlet from = all[std::size_t(random.integer(0, std::int64_t(nodes) - 1))];
    const Outlet to = all[std::size_t(random.integer(0, std::int64_t(nodes) - 1))];
    Model naive = model;
    naive.redirect(from, to);
    const bool cycle = has_cycle(std::move(naive));
    refused += cycle;
    const std::string before = text_of(model);
    Patch patch;
    patch.replace(from, to);
    EXPECT_EQ(patch.make(model).empty(), !cycle) << before;
    EXPECT_TRUE(!cycle || text_of(model) == before);
    EXPECT_TRUE(is_consistent(model));
  }
  EXPECT_GT(refused, 50);
  EXPECT_LT(refused, 250);
}

}  // namespace
}  // namespace kvproof
