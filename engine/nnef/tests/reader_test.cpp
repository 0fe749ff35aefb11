// From an archive to a model: what is understood, and what is refused with which words.
#include "engine/nnef/reader.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/graph/session.h"
#include "engine/nnef/stdlib.h"
#include "engine/nnef/tests/small_archives.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef {
namespace {

Archive archive_in(const std::string& body, const std::string& fragments = "") {
  return archive_of(graph_text("network(x) -> (y)", "x = external(shape = [2, 3]);\n" + body, fragments));
}

std::string error_in(const std::string& body, const std::string& fragments = "") {
  return refusal(archive_in(body, fragments));
}

// The shape of the output y of a graph with the input x: f32[1,S,8].
std::vector<Dim> shape_after(const std::string& body, const std::string& fragments = "") {
  const Model model = read_model(archive_of(graph_text("network(x) -> (y)",
                                                       "x = tract_core_external(shape = [1, S, 8], "
                                                       "datum_type = 'f32');\n" +
                                                           body,
                                                       fragments)))
                          .model;
  return model.fact(model.outputs().front().outlet).shape;
}

std::vector<float> run(const Model& model, const std::vector<Value>& inputs) {
  Session session(std::make_shared<const Plan>(model));
  const Value out = session.run(inputs).front();
  const float* values = out.as<float>();
  return {values, values + out.shape().elements()};
}

const Dim S = Dim::symbol("S"), P = Dim::symbol("P");

TEST(Reader, AGraphOfOneAdditionRuns) {
  const Model model = read_model(archive_of(graph_text("network(a, b) -> (sum)",
                                                       "a = external(shape = [2]); b = external<scalar>([2]);\n"
                                                       "sum = add(a, b) * 2.0 - 1.0;\n")))
                          .model;
  EXPECT_EQ(run(model, {tensor_f32({2}, {1, 2}), tensor_f32({2}, {10, 20})}), (std::vector<float>{21, 43}));
  EXPECT_EQ(model.node(model.inputs()[0]).name, "a");
  EXPECT_EQ(model.outputs()[0].name, "sum");
  EXPECT_EQ(model.node(model.outputs()[0].outlet.node).name, "sum");
}

TEST(Reader, TheInputsComeInTheOrderOfTheParameters) {
  const Model model = read_model(archive_of(graph_text("network(a, b) -> (y)",
                                                       "b = external(shape = [2]); a = external(shape = [2]);\n"
                                                       "y = sub(a, b);\n")))
                          .model;
  EXPECT_EQ(model.node(model.inputs()[0]).name, "a");
  EXPECT_EQ(run(model, {tensor_f32({2}, {5, 5}), tensor_f32({2}, {1, 2})}), (std::vector<float>{4, 3}));
}

TEST(Reader, VariablesAreReadFromTheirFiles) {
  const std::string text = graph_text("network(x) -> (y)",
                                      "x = external(shape = [2]);\n"
                                      "w = variable<scalar>(label = 'layer.0/w', shape = [2]); y = add(x, w);\n");
  const Model model = read_model(archive_of(text, {{"layer.0/w", tensor_f32({2}, {3, 4})}})).model;
  EXPECT_EQ(run(model, {tensor_f32({2}, {1, 1})}), (std::vector<float>{4, 5}));
  EXPECT_GE(model.find("layer.0/w"), 0);
  expect_refused(archive_of(text), "the archive has no file 'layer.0/w.dat'");
  expect_refused(archive_of(text, {{"layer.0/w", tensor_f32({1, 2}, {3, 4})}}),
                 "the shape is [2] here and [1,2] in 'layer.0/w.dat'");
}

TEST(Reader, ShapeArithmeticIsDoneBeforeARun) {
  EXPECT_EQ(shape_after("s = tract_core_shape_of(x); n = squeeze(slice(s, axes = [0], begin = [1], end = [2]), axes = "
                        "[0]);\n"
                        "y = tile(x, repeats = [n, 1, add(n, 1) * 2]);\n"),
            (std::vector<Dim>{S, S, (S + 1) * 16}));
  EXPECT_EQ(shape_after("s = tract_core_shape_of(x); y = reshape(x, shape = [s[1], s[2], 1]);\n"),
            (std::vector<Dim>{S, 8, 1}));
  EXPECT_EQ(shape_after("y = slice(x, axes = [1], begin = [S - 1], end = [S]);\n"), (std::vector<Dim>{1, 1, 8}));
}

constexpr const char* kDynSlice = R"(
fragment within(index: tensor<scalar>, size: tensor<scalar>) -> (bounded: tensor<scalar>)
{
  offset = select(ge(index, 0), 0, size);
  bounded = tract_core_cast(min(max(0, offset + index), size), to = "tdim");
}
fragment dyn_slice(input: tensor<scalar>, axis: tensor<scalar>, begin: tensor<scalar>, end: tensor<scalar>,
                   stride: tensor<scalar> = 1) -> (output: tensor<scalar>)
{
  shape = tract_core_shape_of(input);
  size = squeeze(slice(shape, axes=[0], begin=[axis], end=[axis + 1], stride=[1]), axes=[0]);
  output = slice(input, axes = [axis], begin = [within(begin, size)], end = [within(end, size)], stride = [stride]);
}
)";

TEST(Reader, FragmentsAreEvaluatedInPlace) {
  EXPECT_EQ(shape_after("y = dyn_slice(x, axis = 2, begin = -3, end = 8);\n", kDynSlice), (std::vector<Dim>{1, S, 3}));
  EXPECT_EQ(shape_after("y = dyn_slice(x, 1, 0, squeeze(slice(tract_core_shape_of(x), axes = [0], begin = [1], end = "
                        "[2]), axes = [0]));\n",
                        kDynSlice),
            (std::vector<Dim>{1, S, 8}));
  EXPECT_EQ(shape_after("(y, z) = pair(x);\n",
                        "fragment pair(a: tensor<scalar>) -> (l: tensor<scalar>, r: tensor<scalar>) "
                        "{ l = squeeze(a, axes = [0]); r = a; }\n"),
            (std::vector<Dim>{S, 8}));
}

TEST(Reader, StandardFragmentsAreKnown) {
  const Model model = read_model(archive_of(graph_text("network(x) -> (y)",
                                                       "x = external(shape = [1, 2]);\n"
                                                       "y = relu(linear(x, [[1.0, 1.0], [-1.0, 0.0]], 0.5));\n")))
                          .model;
  EXPECT_EQ(run(model, {tensor_f32({1, 2}, {2, 3})}), (std::vector<float>{5.5F, 0}));
}

TEST(Reader, EveryStandardFragmentCanBeRun) {
  for (const Fragment& fragment : standard_fragments()) {
    std::string arguments, results;
    for (const Parameter& p : fragment.parameters) {
      const bool is_tensor = p.type.starts_with("tensor");
      arguments += (arguments.empty() ? "" : ", ") + std::string(is_tensor ? "x" : p.type == "scalar" ? "0.5" : "[1]");
    }
    for (const Parameter& r : fragment.results) results += (results.empty() ? "" : ", ") + r.name;
    const Model model = read_model(archive_of(graph_text("network(x) -> (" + results + ")",
                                                         "x = external(shape = [2, 2]);\n(" + results +
                                                             ") = " + fragment.name + "(" + arguments + ");\n")))
                            .model;
    for (const float value : run(model, {tensor_f32({2, 2}, {1, 0.25F, 2, 0.5F})})) {
      EXPECT_TRUE(std::isfinite(value)) << fragment.name;
    }
  }
}

TEST(Reader, AnIdentifierThatIsAssignedAgainHidesTheFirst) {
  const Model model = read_model(archive_of(graph_text("network(x) -> (y)",
                                                       "x = external(shape = [1]);\n"
                                                       "y = add(x, 1.0); z = y; y = mul(y, 3.0); y = add(y, z);\n")))
                          .model;
  EXPECT_EQ(run(model, {tensor_f32({1}, {1})}), std::vector<float>{8});
}

TEST(Reader, ALiteralInAnArgumentIsATensorOfItsType) {
  const Model model = read_model(archive_of(graph_text("network(x) -> (a, b, c, d)",
                                                       "x = external(shape = [1]);\n"
                                                       "a = tract_core_cast([[1, 2], [3, 4]], to = 'i32');\n"
                                                       "b = tract_core_cast([0.5], to = 'F16');\n"
                                                       "c = [P + S, 2]; d = [1.0, 2];\n")))
                          .model;
  const auto fact = [&](std::size_t i) { return model.fact(model.outputs()[i].outlet).str(); };
  EXPECT_EQ(fact(0), "i32[2,2]");
  EXPECT_EQ(fact(1), "f16[1]");
  EXPECT_EQ(fact(2), "tdim[2]");
  EXPECT_EQ(fact(3), "f32[2]");
  EXPECT_NE(model.op_as<ConstantOp>(model.outputs()[1].outlet.node), nullptr);
  EXPECT_NE(model.op_as<DimsOp>(model.outputs()[2].outlet.node), nullptr);
}

TEST(Reader, ArgumentsAreFoundByNameThenByPlaceThenByDefault) {
  EXPECT_EQ(error_in("y = transpose(x);"), "graph.nnef:9:5: transpose: argument 'axes' is missing");
  EXPECT_EQ(error_in("y = transpose(x, axes = [1, 0], input = x);"),
            "graph.nnef:9:41: transpose: argument 'input' is given twice");
  EXPECT_EQ(error_in("y = transpose(input = x, [1, 0]);"),
            "graph.nnef:9:26: transpose: an argument without a name behind one with a name");
  EXPECT_EQ(error_in("y = transpose(x, axis = [1, 0]);"), "graph.nnef:9:25: transpose: there is no argument 'axis'");
  EXPECT_EQ(error_in("y = transpose(x, [1, 0], 3);"),
            "graph.nnef:9:26: transpose: 3 arguments; at most 2 are expected");
  EXPECT_NO_THROW(read_model(archive_in("y = transpose(axes = [1, 0], input = x);")));
}

TEST(Reader, AnErrorNamesLinePrimitiveAndArgument) {
  EXPECT_EQ(error_in("y = nothing(x);"), "graph.nnef:9:5: unknown operator 'nothing'");
  EXPECT_EQ(error_in("y = neg(z);"), "graph.nnef:9:9: 'z' is neither assigned before nor a declared symbol");
  EXPECT_EQ(error_in("z = neg(x);"), "graph.nnef:6:1: the result 'y' of the graph is never assigned");
  EXPECT_EQ(error_in("y = neg([1, [2]]);"), "graph.nnef:9:13: this array is not rectangular");
  EXPECT_EQ(error_in("y = reshape(x, shape = [sum_reduce(x, axes = [0])]);"),
            "graph.nnef:9:24: reshape: argument 'shape': 'sum_reduce(x, axes = [0])' must be a dimension that is known "
            "before a run; it is a tensor f32[1,3]");
  EXPECT_EQ(error_in("y = tract_core_cast(x, to = 'f17');").substr(0, 47),
            "graph.nnef:9:29: tract_core_cast: argument 'to'");
  EXPECT_EQ(error_in("y = [for i in x yield i];"),
            "graph.nnef:9:5: a comprehension is not evaluated; write the array out");
  EXPECT_EQ(error_in("(y, z) = neg(x);"), "graph.nnef:9:1: 2 names for 1 values");
  EXPECT_EQ(error_in("y = x[0];").substr(0, 16), "graph.nnef:9:6: ");
  EXPECT_EQ(error_in("y = 99999999999999999999;"), "graph.nnef:9:5: '99999999999999999999' does not fit in 64 bits");
  EXPECT_EQ(error_in("y = 1 / 0;").substr(0, 16), "graph.nnef:9:7: ");
  EXPECT_EQ(error_in("w = external(shape = [2]); y = x;"),
            "graph.nnef:9:5: external: 'w' is no parameter of the graph");
}

TEST(Reader, FragmentsThatCallThemselvesAreRefusedWithTheChain) {
  const std::string circle =
      "fragment f(a: tensor<scalar>) -> (b: tensor<scalar>) { b = g(a); }\n"
      "fragment g(a: tensor<scalar>) -> (b: tensor<scalar>) { b = f(a); }\n";
  EXPECT_NE(error_in("y = f(x);", circle).find("in a circle: f -> g -> f"), std::string::npos);
}

TEST(Reader, FragmentsThatUnfoldWithoutEndAreRefused) {
  std::string doubling = "fragment f0(a: integer) -> (b: integer) { b = a + 1; }\n";
  for (int i = 1; i < 60; ++i) {
    const std::string f = "f" + std::to_string(i - 1);
    doubling +=
        "fragment f" + std::to_string(i) + "(a: integer) -> (b: integer) { b = " + f + "(a) + " + f + "(a); }\n";
  }
  EXPECT_NE(error_in("y = f59(1);", doubling).find("unfold to more than"), std::string::npos);

  std::string chain = "fragment f0(a: tensor<scalar>) -> (b: tensor<scalar>) { b = a; }\n";
  for (int i = 1; i < 5000; ++i) {
    chain += "fragment f" + std::to_string(i) + "(a: tensor<scalar>) -> (b: tensor<scalar>) { b = f" +
             std::to_string(i - 1) + "(a); }\n";
  }
  EXPECT_NE(error_in("y = f4999(x);", chain).find("nested too deeply"), std::string::npos);
}

TEST(Reader, DimensionsThatGrowWithoutEndAreRefused) {
  std::string products = "d0 = add(S, P);\n", nests = "d0 = min(S, P);\n";
  for (int i = 1; i < 60; ++i) {
    const std::string d = "d" + std::to_string(i), last = "d" + std::to_string(i - 1);
    products += d + " = mul(" + last + ", " + last + ");\n";
    nests += d + " = min(" + last + " + 1, max(" + last + " * 2, P));\n";
  }
  EXPECT_TRUE(error_in(products + "y = d59;").starts_with("graph.nnef:")) << error_in(products + "y = d59;");
  EXPECT_NE(error_in(nests + "y = d59;").find("is more than is read"), std::string::npos);
  EXPECT_NE(error_in("y = (" + std::string(1001, 'a') + ");").find("1 to 1000 characters"), std::string::npos);
}

TEST(Reader, AVariableThatIsReadTwiceIsHeldOnce) {
  const Model model = read_model(archive_of(graph_text("network(x) -> (y)",
                                                       "x = external(shape = [2]);\n"
                                                       "a = variable(label = 'w', shape = [2]);\n"
                                                       "b = variable(label = 'w', shape = [2]); y = add(a, b);\n"),
                                            {{"w", tensor_f32({2}, {3, 4})}}))
                          .model;
  EXPECT_EQ(model.op_as<ConstantOp>(model.find("w"))->value().tensor(),
            model.op_as<ConstantOp>(model.find("w_1"))->value().tensor());
}

TEST(Reader, ExtensionsDeclareSymbolsAndAssertions) {
  const ReadModel read = read_model(archive_of(
      "version 1.0;\nextension tract_registry tract_core;\nextension tract_symbol S;\nextension tract_symbol S;\n"
      "extension tract_assert S >= 1;\nextension tract_assert pp: S == 1;\nextension KHR_something else;\n"
      "fragment tract_core_properties() -> (properties: (string, tensor<scalar>)[])\n"
      "{ properties = [('who', 'me'), ('n', 1.5), ('tract_nnef_ser_version', '0.1')]; }\n"
      "graph g(x) -> (y) { x = tract_core_external(shape = [S, Q], datum_type = 'I64'); y = x; }"));
  EXPECT_EQ(read.model.symbols(), (std::vector<std::string>{"S", "Q"}));
  ASSERT_EQ(read.model.assertions().size(), 2U);
  EXPECT_EQ(read.model.assertions()[1].scenario, "pp");
  EXPECT_TRUE(read.model.assumptions().implies_at_least(S, 1));
  EXPECT_EQ(read.model.properties, (std::map<std::string, std::string>{{"n", "1.5"}, {"who", "me"}}));
  ASSERT_EQ(read.warnings.size(), 3U);
  EXPECT_EQ(read.warnings[2], "graph.nnef:10:57: 'Q' is taken as a symbol that nothing declares");
}

TEST(Reader, ARegistryMustBeKnownAndEnabled) {
  const auto with = [](const std::string& extensions, const std::string& body) {
    return refusal(
        archive_of("version 1.0;\n" + extensions + "graph g(x) -> (y) { x = external(shape = [1]); " + body + " }"));
  };
  EXPECT_EQ(with("extension tract_registry nowhere;\n", "y = x;"), "graph.nnef:2:1: unknown registry 'nowhere'");
  EXPECT_EQ(with("", "y = tract_core_shape_of(x);"),
            "graph.nnef:2:52: 'tract_core_shape_of' needs the line 'extension tract_registry tract_core;'");
}

TEST(Reader, FilesThatCannotBeUsedAreNamed) {
  const std::string text = graph_text("network(x) -> (y)", "x = external(shape = [1]); y = x;\n");
  Archive unused = archive_of(text, {{"spare", tensor_f32({1}, {1})}});
  add_text(unused, "graph.quant", "");
  const ReadModel read = read_model(unused);
  ASSERT_EQ(read.warnings.size(), 2U);
  EXPECT_EQ(read.warnings[1], "the file 'spare.dat' is not used");
  for (const char* name : {"sub/graph.nnef", "inner.nnef.tgz"}) {
    Archive nested = archive_of(text);
    add_text(nested, name, text);
    expect_refused(nested, "the model inside the model");
  }
  expect_refused(Archive("empty"), "there is no graph.nnef");
}

TEST(Reader, WhatNothingNeedsIsLeftOut) {
  const Model model = read_model(archive_of(graph_text("network(x, unused) -> (y)",
                                                       "x = external(shape = [1]); unused = external(shape = [1]);\n"
                                                       "w = exp(x); y = neg(x);\n")))
                          .model;
  EXPECT_EQ(model.find("w"), -1);
  EXPECT_EQ(model.inputs().size(), 2U);
}

}  // namespace
}  // namespace kvproof::nnef
