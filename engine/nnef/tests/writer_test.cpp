// From a model to an archive: the form of the text, and the traps of other readers that it avoids.
#include "engine/nnef/writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/nnef/ast.h"
#include "engine/nnef/registry.h"
#include "engine/nnef/tests/small_archives.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"

namespace kvproof::nnef {
namespace {

const Dim S = Dim::symbol("S"), P = Dim::symbol("P");

OpPtr add_op() { return std::make_shared<Binary>(BinaryFn::kAdd); }

std::string body_of(const Model& model) {
  const std::string text = text_of(write_model(model));
  return text.substr(text.find("graph "));
}

std::string refusal(const Model& model) {
  return error_of(ErrorCode::kUnsupported, [&] { write_model(model); });
}

Model two_inputs(const std::string& name, const std::string& output) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {2}));
  model.add_output(output, model.add(name, add_op(), {x, x}));
  return model;
}

TEST(Writer, AFusedOperatorIsWrittenAsTractWritesIt) {
  Model model;
  model.declare_symbol("S");
  std::vector<Outlet> inputs;
  for (const char* name : {"q", "k", "v"}) inputs.push_back(model.add_input(name, Fact(DType::kF32, {1, 2, S, 16})));
  KvSdpa::Options options;
  options.strategy = "window:w=4096";
  options.attention.causal = true;
  options.attention.scale = 0.125F;
  model.add_output("win", model.add_node("win", std::make_shared<KvSdpa>(options), inputs).front());
  EXPECT_EQ(text_of(write_model(model)), R"(version 1.0;

extension tract_registry tract_core;
extension tract_registry tract_transformers;
extension tract_symbol S;

fragment tract_core_properties(
) -> (properties: (string, tensor<scalar>)[])
{
  properties = [("tract_nnef_ser_version", "0.23.5"), ("tract_nnef_format_version", "beta1")];
}

graph network(q, k, v) -> (win) {
  q = tract_core_external(shape = [1, 2, S, 16], datum_type = "F32");
  k = tract_core_external(shape = [1, 2, S, 16], datum_type = "F32");
  v = tract_core_external(shape = [1, 2, S, 16], datum_type = "F32");
  win = tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 4096, scale = 0.125);
}
)");
}

TEST(Writer, NumbersAreWrittenAsRustDoes) {
  const std::pair<float, const char*> cases[] = {{0.125F, "0.125"},
                                                 {1, "1.0"},
                                                 {-2, "-2.0"},
                                                 {0, "0.0"},
                                                 {-0.0F, "-0.0"},
                                                 {1e-6F, "1e-6"},
                                                 {1e-4F, "0.0001"},
                                                 {12345.678F, "12345.678"},
                                                 {1e15F, "1000000000000000.0"},
                                                 {1e16F, "1e16"},
                                                 {1.5e-7F, "1.5e-7"},
                                                 {0.1F, "0.1"},
                                                 {16777216, "16777216.0"},
                                                 {std::numeric_limits<float>::max(), "3.4028235e38"},
                                                 {std::numeric_limits<float>::infinity(), "inf"},
                                                 {-std::numeric_limits<float>::infinity(), "-inf"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(rust_number(value), text);
}

TEST(Writer, InputsShapesAndOutputsHaveTheirForms) {
  Model model;
  const Outlet a = model.add_input("a", Fact(DType::kF32, {1, 2}));
  model.add_input("b", Fact(DType::kBool, {P + S, S * 2}));
  model.add_input("c", Fact(DType::kDim, {}));
  model.add_input("d", Fact(DType::kF16, {1, 2}));
  const Outlet sum = model.add("sum", add_op(), {a, a});
  model.add_output("first", sum);
  model.add_output("sum", sum);
  EXPECT_EQ(body_of(model), R"(graph network(a, b, c, d) -> (first, sum) {
  a = external(shape = [1, 2]);
  b = tract_core_external(shape = [(P + S), (2 * S)], datum_type = "Bool");
  c = tract_core_external(shape = [], datum_type = "TDim");
  d = tract_core_external(shape = [1, 2], datum_type = "F16");
  sum = add(a, a);
  first = sum;
}
)");
}

TEST(Writer, SmallConstantsStandInTheTextAndLargeOnesBesideIt) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {2, 9}));
  const Outlet small = model.add_constant("small", tensor_f32({2, 1}, {0.5F, 2}));
  const Outlet large = model.add_constant("layer.0.large", tensor_f32({1, 9}, std::vector<float>(9, 1)));
  const Outlet nan = model.add_constant("nan", tensor_f32({1, 1}, {std::numeric_limits<float>::quiet_NaN()}));
  const Outlet one = model.add("one", add_op(), {x, small});
  const Outlet two = model.add("two", add_op(), {one, large});
  model.add_output("y", model.add("y", add_op(), {two, nan}));
  const Archive archive = write_model(model);
  EXPECT_NE(text_of(archive).find("  one = add(x, [[0.5], [2.0]]);\n"), std::string::npos);
  EXPECT_NE(text_of(archive).find("  layer_0_large = variable<scalar>(label = \"layer.0.large\", shape = [1, 9]);\n"),
            std::string::npos);
  EXPECT_TRUE(archive.has("layer.0.large.dat"));
  EXPECT_TRUE(archive.has("nan.dat"));
  WriteOptions options;
  options.inline_elements = 0;
  EXPECT_TRUE(write_model(model, options).has("small.dat"));
}

TEST(Writer, NamesThatOtherReadersTripOverAreChanged) {
  const std::pair<const char*, const char*> cases[] = {
      {"infinite", "_infinite"},      {"true_x", "_true_x"}, {"falsey", "_falsey"}, {"a.b", "a_b"},     {"3d", "_3d"},
      {"\xc3\xa9t\xc3\xa9", "__t__"}, {"if", "_if"},         {"S", "S_1"},          {"x y'\"", "x_y__"}};
  for (const auto& [name, written] : cases) {
    Model model = two_inputs(name, "out");
    model.declare_symbol("S");
    EXPECT_NE(body_of(model).find(std::string("  ") + written + " = add(x, x);\n"), std::string::npos) << name;
  }
}

TEST(Writer, NamesThatBecomeEqualStayApart) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {2}));
  const Outlet a = model.add("a.b", add_op(), {x, x});
  const Outlet b = model.add("a_b", add_op(), {a, x});
  const Outlet c = model.add("y", add_op(), {b, x});
  model.add_output("y", model.add("z", add_op(), {c, x}));
  EXPECT_NE(body_of(model).find("  a_b = add(x, x);\n  a_b_1 = add(a_b, x);\n  y_1 = add(a_b_1, x);\n"
                                "  z = add(y_1, x);\n  y = z;\n"),
            std::string::npos)
      << body_of(model);
}

TEST(Writer, AnInputOrOutputWithoutASafeNameIsRefused) {
  EXPECT_EQ(refusal(two_inputs("y", "out.0")).substr(0, 37), "the output 'out.0' cannot be written:");
  EXPECT_EQ(refusal(two_inputs("y", "x")).substr(0, 33), "the output 'x' cannot be written:");
  Model model;
  model.add_output("y", model.add_input("inf", Fact(DType::kF32, {S})));
  EXPECT_EQ(refusal(model).substr(0, 34), "the input 'inf' cannot be written:");
}

TEST(Writer, TextThatOtherReadersTripOverIsChanged) {
  Model model = two_inputs("y", "y");
  model.properties = {{"it's", "a \"{{b}}\"\n\\"}};
  EXPECT_NE(text_of(write_model(model)).find("(\"it_s\", \"a _{_b}}__\\\\\")"), std::string::npos);
}

class Nameless : public Op {
 public:
  std::string_view name() const override { return "Nameless"; }
  std::string attributes() const override { return "n = 1"; }
  std::vector<Fact> facts(std::span<const Fact> inputs, const Assumptions&) const override { return {inputs[0]}; }
};

TEST(Writer, AnOperatorWithoutASpellingIsNamed) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {2}));
  model.add_output("y", model.add("secret", std::make_shared<Nameless>(), {x}));
  EXPECT_EQ(refusal(model), "the node 'secret': no primitive of NNEF says Nameless (n = 1)");
}

TEST(Writer, EveryPrimitiveHasOneMeaning) {
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const PrimitiveFamily* family : primitives::families()) {
    for (const Primitive& p : family->primitives) {
      for (const std::string_view name : p.names) EXPECT_TRUE(names.emplace(p.registry, name).second) << name;
      EXPECT_EQ(p.registry.empty(), !p.names.front().starts_with(p.registry) || p.registry.empty());
    }
  }
}

}  // namespace
}  // namespace kvproof::nnef
