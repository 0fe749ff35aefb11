// What is written reads as the same model, and is written again as the same bytes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "engine/graph/session.h"
#include "engine/nnef/npz.h"
#include "engine/nnef/tests/random_graph.h"
#include "engine/nnef/tests/small_llama.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef {
namespace {

// Checks the law on one model and returns what was read back.
Model again(const Model& model) {
  const Archive once = written(model);
  EXPECT_TRUE(same_bytes(once, write_model(model)));
  return read_model(once).model;
}

std::vector<Value> turn(const Model& model, const std::vector<Value>& inputs) {
  return Session(std::make_shared<const Plan>(model)).run(inputs);
}

Value ids(const std::vector<std::int64_t>& values) {
  Tensor tensor(DType::kI64, {1, std::int64_t(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<std::int64_t>());
  return tensor;
}

void expect_close(const Value& a, const Value& b, float tolerance) {
  ASSERT_EQ(a.shape(), b.shape());
  for (std::int64_t i = 0; i < a.shape().elements(); ++i) {
    EXPECT_NEAR(a.as<float>()[i], b.as<float>()[i], tolerance) << "at " << i;
  }
}

void expect_same_bits(const Value& a, const Value& b) {
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_EQ(std::memcmp(a.view().data, b.view().data, a.view().size_bytes()), 0);
}

TEST(RoundTrip, AnExportedModelKeepsItsGraphAndItsBits) {
  const ReadModel read = read_model(small_llama());
  EXPECT_TRUE(read.warnings.empty());
  const Model copy = again(read.model);
  const std::vector<Value> inputs = {ids({3, 1, 4}), Tensor(DType::kF32, {1, 2, 0, 4}),
                                     Tensor(DType::kF32, {1, 2, 0, 4})};
  const auto a = turn(read.model, inputs), b = turn(copy, inputs);
  for (std::size_t i = 0; i < a.size(); ++i) expect_same_bits(a[i], b[i]);
}

// Logits are sums of about a hundred products of size one: 1e-5 is fifty units in the last place.
TEST(RoundTrip, AnExportedModelAnswersAlikeInOneTurnAndInTwo) {
  const Model model = read_model(small_llama()).model;
  EXPECT_EQ(model.fact(model.outputs()[1].outlet).str(), "f32[1,2,P + S,4]");
  EXPECT_EQ(model.fact(model.outputs()[0].outlet).str(), "f32[1,1,11]");
  const Value nothing = Tensor(DType::kF32, {1, 2, 0, 4});
  const auto whole = turn(model, {ids({3, 1, 4, 1, 5}), nothing, nothing});
  const auto first = turn(model, {ids({3, 1}), nothing, nothing});
  const auto second = turn(model, {ids({4, 1, 5}), first[1], first[2]});
  for (std::size_t i = 0; i < whole.size(); ++i) expect_close(whole[i], second[i], 1e-5F);
}

TEST(RoundTrip, EveryTypeOfConstantIsReadAsItWas) {
  constexpr DType kTypes[] = {DType::kF32, DType::kF16,  DType::kI8,  DType::kU8,  DType::kI32,
                              DType::kI64, DType::kBool, DType::kF64, DType::kI16, DType::kU16,
                              DType::kU32, DType::kU64,  DType::kDim};
  for (const DType type : kTypes) {
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{2, 2}, Shape{1, 8}, Shape{3, 3}, Shape{2, 0}}) {
      if (type == DType::kDim && shape.elements() == 0) continue;  // the format has no type for it
      Tensor tensor(type, shape);
      auto* bytes = reinterpret_cast<unsigned char*>(tensor.view().data);
      const std::size_t size = std::size_t(shape.elements()) * size_of(type);
      for (std::size_t i = 0; i < size; ++i) bytes[i] = type == DType::kBool ? i % 2 : (i * 37 + 1) % 119;
      Model model;
      const Outlet constant = model.add_constant("c", Constant(std::move(tensor)));
      const Outlet axis = model.add("wide", std::make_shared<Unsqueeze>(0), {constant});
      model.add_output("y", axis);
      model.add_output("c", constant);
      again(model);
    }
  }
}

TEST(RoundTrip, QuantisedBlocksAndStringsAreReadAsTheyWere) {
  Tensor values(DType::kF32, {2, 64});
  for (int i = 0; i < 128; ++i) values.as<float>()[i] = float(i % 13) - 6;
  Model model;
  model.add_output("q", model.add_constant("q", Q4Blocks::encode(values)));
  model.add_output("s", model.add_constant("s", Strings{{2}, {"one", "it's"}}));
  const Model copy = again(model);
  EXPECT_NE(copy.op_as<ConstantOp>(copy.outputs()[0].outlet.node)->value().blocks(), nullptr);
}

TEST(RoundTrip, DimensionsAreWrittenAsExpressions) {
  const Dim s = Dim::symbol("S"), p = Dim::symbol("P");
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {1, s, p}));
  const std::vector<Dim> values = {s * 2 + p - 1, (p + 1) / 2, 0 - s, min(s, p), 7};
  const Outlet dims = model.add("dims", std::make_shared<DimsOp>(DType::kDim, Shape{5}, values), {});
  const Outlet wide = model.add("wide", std::make_shared<DimsOp>(DType::kI64, Shape{}, std::vector<Dim>{s}), {});
  model.add_output("a", model.add("sum", std::make_shared<Binary>(BinaryFn::kAdd), {dims, dims}));
  model.add_output("b", dims);
  model.add_output("c", wide);
  model.add_output("d", model.add("r", std::make_shared<Reshape>(std::vector<Dim>{s * p, 1}), {x}));
  again(model);
}

TEST(RoundTrip, SymbolsAssertionsAndPropertiesSurvive) {
  Model model;
  model.declare_symbol("S");
  model.add_assertion({"", "S >= 1"});
  model.add_assertion({"tg", "S == 1"});
  model.properties = {{"who", "me"}, {"path", "a\\b"}};
  model.add_output("y", model.add_input("x", Fact(DType::kF16, {Dim::symbol("S"), 3})));
  const Model copy = again(model);
  EXPECT_EQ(copy.properties, model.properties);
  EXPECT_EQ(copy.assertions().size(), 2U);
}

TEST(RoundTrip, NamesThatWereChangedAreStableAfterwards) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {9}));
  const OpPtr add = std::make_shared<Binary>(BinaryFn::kAdd);
  const Outlet w1 = model.add_constant("a.b", tensor_f32({9}, std::vector<float>(9, 1)));
  const Outlet w2 = model.add_constant("y", tensor_f32({9}, std::vector<float>(9, 2)));
  const Outlet w3 = model.add_constant("../hidden/.x", tensor_f32({9}, std::vector<float>(9, 3)));
  const Outlet s = model.add("a_b", add, {x, w1});
  const Outlet t = model.add("inf", add, {s, w2});
  model.add_output("y", model.add("a b", add, {t, w3}));
  again(model);
}

TEST(RoundTrip, AThousandRandomGraphsKeepTheirGraph) {
  std::size_t nodes = 0;
  for (std::uint64_t seed = 1; seed <= 1000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Model model = RandomGraph(seed).draw();
    nodes += model.nodes().size();
    again(model);
  }
  EXPECT_GT(nodes, 3000U);
}

// Three models that others made, with what they answered.
class TractCases : public testing::TestWithParam<const char*> {};

TEST_P(TractCases, GiveTheirOutputsAndKeepTheirGraph) {
  const char* folder = std::getenv("KVPROOF_TRACT_CASES");
  if (folder == nullptr) GTEST_SKIP() << "KVPROOF_TRACT_CASES names no folder";
  const std::filesystem::path where = std::filesystem::path(folder) / GetParam();
  const bool is_packed = std::filesystem::exists(where / "model.nnef.tgz");
  const Model model = read_model((is_packed ? where / "model.nnef.tgz" : where).string()).model;
  std::map<std::string, Value> arrays;
  for (NamedTensor& array : read_npz((where / "io.npz").string())) arrays[array.name] = std::move(array.tensor);
  for (const Model& variant : {model, again(model)}) {
    Session session(std::make_shared<const Plan>(variant));
    std::map<std::string, Value> inputs;
    for (const NodeId id : variant.inputs()) inputs[variant.node(id).name] = arrays.at(variant.node(id).name);
    // tract's own measure of closeness, "approximate": 1e-4 and 5e-4 of the value, which is of size one.
    for (const auto& [name, value] : session.run(inputs)) expect_close(value, arrays.at(name), 1e-4F);
  }
}

INSTANTIATE_TEST_SUITE_P(Read, TractCases,
                         testing::Values("simple-causal-f32", "simple-non-causal-f32", "simple-grouped-query-att-f32"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace kvproof::nnef
