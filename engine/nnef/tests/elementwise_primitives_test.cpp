// How operators that compute elements are read from text, and how they are written.
#include <gtest/gtest.h>

#include "engine/nnef/tests/small_archives.h"

namespace kvproof::nnef {
namespace {

constexpr const char* kInputs =
    "x = tract_core_external(shape = [1, S, 8], datum_type = 'F32');\n"
    "h = tract_core_external(shape = [1, S, 8], datum_type = 'F16');\n"
    "i = tract_core_external(shape = [1, S], datum_type = 'I64');\n"
    "b = tract_core_external(shape = [1, S, 8], datum_type = 'Bool');\n";

Archive archive_of_call(const std::string& call) {
  return archive_of(graph_text("network(x, h, i, b) -> (y)", kInputs + ("y = " + call + ";\n")));
}

Model model_of(const std::string& call) { return read_model(archive_of_call(call)).model; }

// "Cast(to = f16) -> f16[1,S,8]"
std::string described(const std::string& call) {
  const Model model = model_of(call);
  const Op& op = op_of_y(model);
  return std::string(op.name()) + "(" + op.attributes() + ") -> " + model.fact(model.outputs().front().outlet).str();
}

void expect_error(const std::string& call, const std::string& part) {
  SCOPED_TRACE(call);
  expect_refused(archive_of_call(call), part);
}

// Reads a call and writes it.
std::string line_of(const std::string& call) {
  SCOPED_TRACE(call);
  return line_of_y(written(model_of(call)));
}

TEST(ElementwisePrimitives, AreWrittenAsTheyAreRead) {
  for (const char* call : {
           "add(x, x)",
           "sub(x, 1.0)",
           "mul(2.5, x)",
           "div(h, h)",
           "pow(x, 3.0)",
           "min(x, x)",
           "max(x, -1.5)",
           "eq(i, i)",
           "ne(i, i)",
           "lt(x, 0.5)",
           "le(x, x)",
           "gt(h, h)",
           "ge(x, x)",
           "and(b, b)",
           "or(b, b)",
           "neg(x)",
           "abs(i)",
           "sign(x)",
           "sqr(x)",
           "sqrt(x)",
           "rsqrt(x)",
           "recip(x)",
           "exp(x)",
           "log(x)",
           "sin(x)",
           "cos(x)",
           "tanh(h)",
           "sigmoid(x)",
           "floor(x)",
           "ceil(x)",
           "round(x)",
           "not(b)",
           "tract_core_erf(x)",
           "tract_core_silu(h)",
           "tract_core_gelu_approx(x, fast_impl = true)",
           "tract_core_gelu_approx(x, fast_impl = false)",
           "tract_core_cast(x, to = \"f16\")",
           "tract_core_cast(i, to = \"bf16\")",
           "select(b, x, x)",
           "select(b, h, h)",
       }) {
    EXPECT_EQ(line_of(call), call);
  }
}

TEST(ElementwisePrimitives, OtherNamesMeanTheSame) {
  EXPECT_EQ(line_of("rcp(x)"), "recip(x)");
  EXPECT_EQ(line_of("square(x)"), "sqr(x)");
  EXPECT_EQ(line_of("tract_transformers_silu(x)"), "tract_core_silu(x)");
  EXPECT_EQ(line_of("tract_transformers_gelu_approx(x, fast_impl = true)"),
            "tract_core_gelu_approx(x, fast_impl = true)");
  EXPECT_EQ(line_of("x * 2.0 + x"), line_of("add(mul(x, 2.0), x)"));
  EXPECT_EQ(line_of("copy(neg(x))"), "neg(x)");
  EXPECT_EQ(line_of("tract_core_cast(x, to = 'F16')"), "tract_core_cast(x, to = \"f16\")");
}

TEST(ElementwisePrimitives, LiteralsTakeTheTypeOfTheTensor) {
  EXPECT_EQ(described("mul(x, 2)"), "Mul() -> f32[1,S,8]");
  EXPECT_EQ(described("mul(0.5, h)"), "Mul() -> f16[1,S,8]");
  EXPECT_EQ(described("i + 1"), "Add() -> tdim[1,S]");
  EXPECT_EQ(described("i < 3"), "Lt() -> bool[1,S]");
  EXPECT_EQ(described("select(b, 0.0, h)"), "Select() -> f16[1,S,8]");
  EXPECT_EQ(described("x * S"), "Mul() -> f32[1,S,8]");
  EXPECT_EQ(line_of("mul(x, 2)"), "mul(x, 2)");
}

TEST(ElementwisePrimitives, ShapesAreAlignedOnTheLeft) {
  EXPECT_EQ(described("select(eq(i, i), x, 0.0)"), "Select() -> f32[1,S,8]");
  EXPECT_EQ(described("add(x, squeeze(x, axes = [0]))"), "Add() -> f32[S,8,8]");
  expect_error("add(x, [[[1.0, 2.0, 3.0]]])", "Add: f32[1,S,8] and f32[1,1,3] differ on axis 2");
}

TEST(ElementwisePrimitives, ArithmeticOnShapesIsKnownBeforeARun) {
  const Model model = model_of(
      "tract_core_broadcast(1.0, shape = [max(0, min(tract_core_shape_of(x)[1] * 2 - S, 9223372036854775807)), 3])");
  EXPECT_EQ(model.fact(model.outputs().front().outlet).str(), "f32[S,3]");
}

TEST(ElementwisePrimitives, WhatDoesNotFitIsRefusedWithItsPlace) {
  expect_error("add(x, h)", "Add: operands f32[1,S,8] and f16[1,S,8] differ in type");
  expect_error("and(x, x)", "And: operands of type f32");
  expect_error("div(1, 0)", "divided by zero");
  expect_error("exp(i)", "Exp: an operand of type i64");
  expect_error("select(x, x, x)", "a condition of type f32");
  expect_error("tract_core_cast(x, to = 'f12')", "argument 'to'");
  expect_error("add(x)", "argument 'y' is missing");
  expect_error("add(x, x, x)", "3 arguments");
}

TEST(ReducingPrimitives, AreWrittenAsTheyAreRead) {
  for (const char* call : {
           "sum_reduce(x, axes = [2])",
           "mean_reduce(x, axes = [0, 2])",
           "max_reduce(i, axes = [0])",
           "min_reduce(b, axes = [1, 2])",
           "tract_core_product_reduce(x, axes = [0])",
           "softmax(x, axes = [2])",
           "softmax(h, axes = [1, 2])",
           "tract_core_rms_norm(x, axis = 2, eps = 1e-5)",
           "tract_transformers_scaled_masked_softmax(x, b, scale = 0.125, post_softmax_mask = true)",
           "tract_transformers_scaled_masked_softmax(x, x, scale = 2.0, post_softmax_mask = false)",
       }) {
    EXPECT_EQ(line_of(call), call);
  }
}

TEST(ReducingPrimitives, OtherFormsMeanTheSame) {
  EXPECT_EQ(line_of("sum_reduce(x, axes = [-1], normalize = true)"), "mean_reduce(x, axes = [2])");
  EXPECT_EQ(line_of("sum_reduce(x, axes = [2, 0], normalize = false)"), "sum_reduce(x, axes = [0, 2])");
  EXPECT_EQ(line_of("any_reduce(b, axes = [2])"), "max_reduce(b, axes = [2])");
  EXPECT_EQ(line_of("all_reduce(b, axes = [2])"), "min_reduce(b, axes = [2])");
  EXPECT_EQ(line_of("softmax(x)"), "softmax(x, axes = [1])");
  EXPECT_EQ(line_of("tract_transformers_rms_norm(x, -1)"), "tract_core_rms_norm(x, axis = 2, eps = 1e-6)");
  EXPECT_EQ(line_of("tract_transformers_scaled_masked_softmax(x, b, 0.5)"),
            "tract_transformers_scaled_masked_softmax(x, b, scale = 0.5, post_softmax_mask = false)");
}

TEST(ReducingPrimitives, WhatDoesNotFitIsRefusedWithItsPlace) {
  expect_error("sum_reduce(x, axes = [3])", "argument 'axes'");
  expect_error("sum_reduce(x, axes = [2, -1])", "an axis stands twice");
  expect_error("softmax(i, axes = [1])", "Softmax: an operand of type i64");
  expect_error("tract_transformers_scaled_masked_softmax(x, b, scale = 0.0)", "a scale of 0");
}

TEST(Fragments, ReachTheOperators) {
  EXPECT_EQ(described("relu(x)"), "Max() -> f32[1,S,8]");
  EXPECT_EQ(described("silu(h)"), "Mul() -> f16[1,S,8]");
  EXPECT_EQ(described("elu(x)"), "Select() -> f32[1,S,8]");
  EXPECT_EQ(described("l2_normalization(x, axes = [2], epsilon = 1e-6)"), "Div() -> f32[1,S,8]");
}

}  // namespace
}  // namespace kvproof::nnef
