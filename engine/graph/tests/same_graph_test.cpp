// Graphs are the same whatever their inner nodes are called and numbered, and differ for every other reason.
#include "engine/graph/model.h"
#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

OpPtr add() { return std::make_shared<AddOp>(); }

Fact row() { return Fact(DType::kF32, {sym("S")}); }

void expect_difference(const Model& a, const Model& b, const std::string& part) {
  std::string why;
  EXPECT_FALSE(same_graph(a, b, &why));
  EXPECT_NE(why.find(part), std::string::npos) << why;
  EXPECT_FALSE(same_graph(b, a));
}

TEST(SameGraph, NamesAndNumbersOfInnerNodesDoNotCount) {
  Model a, b;
  const Outlet x = a.add_input("x", row()), p = a.add("p", add(), {x, x}),
               q = a.add("q", std::make_shared<GrowOp>(), {x});
  a.set_outputs({{"p", p}, {"q", q}});
  const Outlet y = b.add_input("x", row());
  b.add("dead", add(), {y, y});
  const Outlet r = b.add("r", std::make_shared<GrowOp>(), {y}), s = b.add("s", add(), {y, y});
  b.set_outputs({{"p", s}, {"q", r}});
  std::string why = "nothing yet";
  EXPECT_TRUE(same_graph(a, b, &why));
  EXPECT_EQ(why, "");
}

TEST(SameGraph, OperatorsAttributesAndEdgesCount) {
  Model a = two_caches(), b = two_caches();
  EXPECT_TRUE(same_graph(a, b));
  b.redirect({b.find("keys"), 0}, {b.find("values"), 0});
  expect_difference(a, b, "");
  const auto iota = [](std::int64_t n) {
    Model model;
    model.add_output("y", model.add("iota", std::make_shared<IotaOp>(n), {}));
    return model;
  };
  expect_difference(iota(3), iota(4), "'iota' is Iota(n = 3), 'iota' is Iota(n = 4)");
}

TEST(SameGraph, InputsOutputsAndAssertionsCount) {
  const auto made = [](const char* input, const Fact& fact, const char* output, const char* assertion) {
    Model model;
    model.add_output(output, model.add_input(input, fact));
    model.add_assertion({"", assertion});
    return model;
  };
  const Model a = made("x", row(), "y", "S >= 1");
  EXPECT_TRUE(same_graph(a, made("x", row(), "y", "S >= 1")));
  expect_difference(a, made("z", row(), "y", "S >= 1"), "input 0: 'x' f32[S] and 'z' f32[S]");
  expect_difference(a, made("x", Fact(DType::kF16, {sym("S")}), "y", "S >= 1"), "f16[S]");
  expect_difference(a, made("x", row(), "z", "S >= 1"), "output 0: 'y' and 'z'");
  expect_difference(a, made("x", row(), "y", "S >= 2"), "assertions");
}

TEST(SameGraph, WhetherANodeIsSharedCounts) {
  const auto made = [](bool shared) {
    Model model;
    const Outlet x = model.add_input("x", row()), p = model.add("p", add(), {x, x});
    const Outlet q = shared ? p : model.add("q", add(), {x, x});
    model.add_output("y", model.add("y", add(), {p, q}));
    return model;
  };
  EXPECT_TRUE(same_graph(made(true), made(true)));
  expect_difference(made(true), made(false), "in one model only");
}

TEST(SameGraph, WhetherAConstantIsSharedDoesNotCount) {
  const auto made = [](bool shared, float second) {
    Model model;
    const Outlet c = model.add_constant("c", floats({1}));
    const Outlet d = shared ? c : model.add_constant("d", floats({second}));
    model.add_output("y", model.add("y", add(), {c, d}));
    return model;
  };
  EXPECT_TRUE(same_graph(made(true, 1), made(false, 1)));
  EXPECT_TRUE(same_graph(made(false, 1), made(true, 1)));
  expect_difference(made(false, 1), made(false, 2), "Const");
}

TEST(SameGraph, StatesThatNoOutputNeedsCount) {
  const auto made = [](const std::vector<std::string>& pasts) {
    Model model;
    const Outlet x = model.add_input("x", row());
    for (const std::string& past : pasts) model.add("state_" + past, std::make_shared<GrowOp>(past), {x});
    model.add_output("y", x);
    return model;
  };
  EXPECT_TRUE(same_graph(made({"P", "Q"}), made({"Q", "P"})));
  expect_difference(made({"P", "Q"}), made({"P", "R"}), "keeps no such state");
  expect_difference(made({"P"}), made({}), "keeps no such state");
}

}  // namespace
}  // namespace kvproof
