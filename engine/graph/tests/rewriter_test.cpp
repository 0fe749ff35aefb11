// Rules are applied until none fires, and say what they did and why they did not.
#include "engine/graph/rewriter.h"

#include <functional>

#include "engine/graph/tests/model_text.h"
#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

OpPtr add() { return std::make_shared<AddOp>(); }

Fact row() { return Fact(DType::kF32, {sym("S")}); }

// A rule from a function; counts its looks.
class TestRule : public Rule {
 public:
  using Function = std::function<Look(const Model&, NodeId)>;
  TestRule(std::string name, Function function) : name_(std::move(name)), function_(std::move(function)) {}
  std::string_view name() const override { return name_; }
  Look look(const Model& model, NodeId id) const override {
    ++looks;
    return function_(model, id);
  }
  mutable int looks = 0;

 private:
  std::string name_;
  Function function_;
};

std::vector<std::unique_ptr<Rule>> rules(std::vector<std::pair<std::string, TestRule::Function>> functions) {
  std::vector<std::unique_ptr<Rule>> result;
  for (auto& [name, function] : functions) result.push_back(std::make_unique<TestRule>(name, std::move(function)));
  return result;
}

// An Add that has swallowed the Add before it.
class FusedOp : public AddOp {
 public:
  std::string_view name() const override { return "Fused"; }
};

Look fuse(const Model& model, NodeId id) {
  if (model.node(id).op->name() != "Add") return NotMine();
  const Outlet inner = model.node(id).inputs[0], other = model.node(id).inputs[1];
  if (model.node(inner.node).op->name() != "Add") return NotMine();
  if (model.consumers(inner).size() > 1) return Declined{"several nodes read '" + model.node(inner.node).name + "'"};
  Patch patch;
  patch.replace({id, 0},
                patch.add(model.node(id).name, std::make_shared<FusedOp>(), {model.node(inner.node).inputs[0], other}));
  return patch;
}

// Layers of two sums each; the inner sum of every third is read twice.
Model layers(int n) {
  Model model;
  Outlet at = model.add_input("x", row());
  const Outlet table = model.add("table", std::make_shared<IotaOp>(sym("S")), {});  // which every layer reads
  for (int i = 0; i < n; ++i) {
    const std::string name = "layer" + std::to_string(i);
    const Outlet inner = model.add(name + ".inner", add(), {at, table});
    if (i % 3 == 2) model.add_output(name, model.add(name + ".tap", std::make_shared<FusedOp>(), {inner, table}));
    const Outlet outer = model.add(name + ".outer", add(), {inner, table});
    at = model.add(name + ".grow", std::make_shared<FusedOp>(), {outer, outer});
  }
  model.add_output("y", at);
  return model;
}

TEST(Rewriter, FiresWhereARuleFitsAndSaysWhyItDeclines) {
  Model model = layers(6);
  const RewriteReport report = rewrite(model, rules({{"fuse", fuse}}));
  EXPECT_EQ(report.fired(), 4);
  EXPECT_EQ(report.fired("fuse"), 4);
  EXPECT_EQ(report.fired("other"), 0);
  ASSERT_EQ(report.declined().size(), 2u);
  EXPECT_EQ(report.declined()[0].node, "layer2.outer");
  EXPECT_EQ(report.declined()[0].reason, "several nodes read 'layer2.inner'");
  EXPECT_EQ(report.events[0].node, "layer0.outer");
  EXPECT_EQ(model.find("layer0.inner"), -1);
  EXPECT_EQ(model.node(model.find("layer0.outer")).op->name(), "Fused");
  EXPECT_TRUE(is_consistent(model));
  const std::string after = text_of(model);
  EXPECT_EQ(rewrite(model, rules({{"fuse", fuse}})).fired(), 0);
  EXPECT_EQ(text_of(model), after);
}

TEST(Rewriter, ARuleMayMakeRoomForAnother) {
  // What `second` looks for is made by `first`, which stands behind it.
  const auto first = [](const Model& model, NodeId id) -> Look {
    if (model.node(id).op->name() != "Add") return NotMine();
    Patch patch;
    patch.replace({id, 0}, patch.add("iota", std::make_shared<IotaOp>(sym("S")), {}));
    return patch;
  };
  const auto second = [](const Model& model, NodeId id) -> Look {
    const auto* iota = model.op_as<IotaOp>(id);
    if (!iota || model.node(id).name == "grown") return NotMine();
    Patch patch;
    patch.replace({id, 0}, patch.add("grown", std::make_shared<IotaOp>(sym("S")), {}));
    return patch;
  };
  Model model;
  const Outlet x = model.add_input("x", row());
  model.add_output("y", model.add("sum", add(), {x, x}));
  const RewriteReport report = rewrite(model, rules({{"second", second}, {"first", first}}));
  EXPECT_EQ(report.fired("first"), 1);
  EXPECT_EQ(report.fired("second"), 1);
  EXPECT_EQ(model.outputs()[0].outlet.node, model.find("grown"));
}

TEST(Rewriter, RulesThatUndoEachOtherAreStopped) {
  const auto turned = [](const char* from, OpPtr to) {
    return [from, to](const Model& model, NodeId id) -> Look {
      if (model.node(id).op->name() != from) return NotMine();
      Patch patch;
      const std::vector<Outlet> inputs = model.node(id).inputs;
      patch.replace({id, 0}, patch.add("n", to, inputs));
      return patch;
    };
  };
  Model model = layers(3);
  expect_error(ErrorCode::kMalformed, "rules undo each other without end", [&] {
    rewrite(model, rules({{"there", turned("Add", std::make_shared<FusedOp>())}, {"back", turned("Fused", add())}}));
  });
}

TEST(Rewriter, APatchThatTheModelRefusesCountsAsDeclined) {
  const auto wrong = [](const Model& model, NodeId id) -> Look {
    if (model.node(id).op->name() != "Add") return NotMine();
    Patch patch;
    patch.replace({id, 0}, patch.add("n", std::make_shared<IotaOp>(3), {}));
    return patch;
  };
  Model model;
  const Outlet x = model.add_input("x", row());
  model.add_output("y", model.add("sum", add(), {x, x}));
  const std::string before = text_of(model);
  const RewriteReport report = rewrite(model, rules({{"wrong", wrong}}));
  EXPECT_EQ(report.fired(), 0);
  ASSERT_EQ(report.events.size(), 1u);
  EXPECT_EQ(report.events[0].reason, "'sum' is f32[S] and cannot be replaced by f32[3]");
  EXPECT_EQ(text_of(model), before);
}

TEST(Rewriter, ARuleThatLooksFarIsAskedAgainInTheEnd) {
  // The output is replaced once no Add is left, however far away the last one was.
  const auto far = [](const Model& model, NodeId id) -> Look {
    if (!model.is_output({id, 0}) || model.node(id).name == "end") return NotMine();
    for (const NodeId other : model.nodes()) {
      if (model.node(other).op->name() == "Add") return Declined{"'" + model.node(other).name + "' is left"};
    }
    Patch patch;
    patch.replace({id, 0}, patch.add("end", std::make_shared<FusedOp>(), {Outlet{id, 0}, Outlet{id, 0}}));
    return patch;
  };
  const auto early = [](const Model& model, NodeId id) -> Look {
    if (model.node(id).op->name() != "Add") return NotMine();
    Patch patch;
    patch.replace({id, 0}, patch.add("n", std::make_shared<FusedOp>(), model.node(id).inputs));
    return patch;
  };
  Model model;
  const Outlet x = model.add_input("x", row());
  Outlet at = model.add("sum", add(), {x, x});
  for (int i = 0; i < 50; ++i) at = model.add("f" + std::to_string(i), std::make_shared<FusedOp>(), {at, at});
  model.add_output("y", at);
  const RewriteReport report = rewrite(model, rules({{"far", far}, {"early", early}}));
  EXPECT_EQ(report.fired("far"), 1);
  EXPECT_TRUE(report.declined().empty());
}

TEST(Rewriter, LooksGrowWithTheNodesAndNotWithTheFirings) {
  const auto looks = [](int n) {
    Model model = layers(n);
    const int nodes = model.node_count();
    const auto all = rules({{"fuse", fuse}});
    EXPECT_EQ(rewrite(model, all).fired(), n - n / 3);
    return double(dynamic_cast<const TestRule&>(*all[0]).looks) / nodes;
  };
  // Two whole passes and one around what changed.
  EXPECT_LE(looks(30), 3);
  EXPECT_LE(looks(3000), 3);
}

}  // namespace
}  // namespace kvproof
