// How operators that move or multiply elements are read from text, and how they are written.
#include <gtest/gtest.h>

#include "engine/nnef/tests/small_archives.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef {
namespace {

constexpr const char* kInputs =
    "x = tract_core_external(shape = [1, S, 8], datum_type = 'f32');\n"
    "c = external(shape = [2, 3, 4]);\n"
    "p = tract_core_external(shape = [1, (P + S), 8], datum_type = 'f16');\n"
    "i = tract_core_external(shape = [1, S], datum_type = 'i64');\n";

Archive archive_of_body(const std::string& body, const std::string& assertion = "") {
  return archive_of("version 1.0;\nextension tract_registry tract_core;\nextension tract_symbol S;\n" +
                    std::string("extension tract_symbol P;\n") +
                    (assertion.empty() ? "" : "extension tract_assert " + assertion + ";\n") +
                    "graph network(x, c, p, i) -> (y)\n{\n" + kInputs + body + "\n}\n");
}

Model model_of(const std::string& body, const std::string& assertion = "") {
  return read_model(archive_of_body(body, assertion)).model;
}

// What computes y, in order: "Slice(axis = 1, begin = 0, end = 2) Squeeze(axis = 1)".
std::string operators(const Model& model) {
  std::string text;
  for (const NodeId id : model.order()) {
    const Op& op = *model.node(id).op;
    if (model.op_as<InputOp>(id) != nullptr || model.op_as<ConstantOp>(id) != nullptr) continue;
    text += (text.empty() ? "" : " ") + std::string(op.name()) + "(" + op.attributes() + ")";
  }
  return text;
}

std::string operators(const std::string& body, const std::string& assertion = "") {
  return operators(model_of(body, assertion));
}

std::string result(const std::string& body) {
  const Model model = model_of(body);
  return model.fact(model.outputs().front().outlet).str();
}

void expect_error(const std::string& body, const std::string& part) {
  SCOPED_TRACE(body);
  expect_refused(archive_of_body(body), part);
}

TEST(LayoutPrimitives, AreWrittenInTheFormOfTractAndReadAgain) {
  const std::pair<const char*, const char*> cases[] = {
      {"reshape(x, shape = [0, -1, 2, 4])", "reshape(x, shape = [2, 4], axis_start = 2, axis_count = 1)"},
      {"reshape(c, [24])", "reshape(c, shape = [24], axis_start = 0, axis_count = 3)"},
      {"reshape(c, [2, 3, 4])", "reshape(c, shape = [2, 3, 4], axis_start = 0, axis_count = 3)"},
      {"reshape(c, [2, 1, 1, 3, 4])", "reshape(c, shape = [1, 1], axis_start = 1, axis_count = 0)"},
      {"squeeze(x, axes = [0])", "squeeze(x, axes = [0])"},
      {"unsqueeze(x, axes = [-1])", "unsqueeze(x, axes = [3])"},
      {"transpose(c, axes = [1, 0])", "transpose(c, axes = [1, 0, 2])"},
      {"concat([x, x], axis = -1)", "concat([x, x], axis = 2)"},
      {"concat(values = [c], axis = 0)", "concat([c], axis = 0)"},
      {"slice(c, axes = [2], begin = [1], end = [0])", "slice(c, axes = [2], begin = [1], end = [4])"},
      {"slice(c, axes = [2], begin = [0], end = [-4])", "slice(c, axes = [2], begin = [0], end = [-4])"},
      {"slice(c, [2], [0], [3], [2])", "slice(c, axes = [2], begin = [0], end = [3], stride = [2])"},
      {"slice(p, axes = [1], begin = [P], end = [0])", "slice(p, axes = [1], begin = [P], end = [(P + S)])"},
      {"slice(p, axes = [1], begin = [0], end = [(-1 * P) - S])",
       "slice(p, axes = [1], begin = [0], end = [((-1 * P) - S)])"},
      {"tile(x, repeats = [2, 1, (2 * S)])", "tile(x, repeats = [2, 1, (2 * S)])"},
      {"tract_core_broadcast(c, shape = [5, 2, 3, 4])", "tract_core_broadcast(c, shape = [5, 2, 3, 4])"},
      {"tract_core_gather(c, i, axis = 1)", "tract_core_gather(c, i, axis = 1)"},
      {"tract_core_range(P, P + S, step = 1)", "tract_core_range(P, (P + S), 1)"},
      {"tract_core_range(0.0, 8.0, 2.0)", "tract_core_range(0.0, 8.0, 2.0)"},
      {"tract_core_range(tract_core_cast(0, to = 'i64'), S, 1)",
       "tract_core_range(tract_core_cast(0, to = \"i64\"), tract_core_cast(S, to = \"i64\"), "
       "tract_core_cast(1, to = \"i64\"))"},
      {"tract_core_trilu(c, upper = true, k = 1)", "tract_core_trilu(c, upper = true, k = 1)"},
      {"tract_core_trilu(c, -2, false)", "tract_core_trilu(c, upper = false, k = -2)"},
      {"tract_core_shape_of(p)", "tract_core_shape_of(p)"},
      {"matmul(c, c, transposeB = true)", "matmul(c, c, transposeA = false, transposeB = true)"},
      {"tract_core_einsum([x, x], expr = 'bsd,btd->bst', acc = 'f32', output = '')",
       "tract_core_einsum([x, x], expr = \"bsd,btd->bst\", acc = \"f32\", output = \"\")"},
  };
  for (const auto& [text, line] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(line_of_y(written(model_of(std::string("y = ") + text + ";"))), line);
  }
}

TEST(LayoutPrimitives, ReshapeCopiesInfersAndKeepsWhatIsOutsideOfItsWindow) {
  EXPECT_EQ(result("y = reshape(x, shape = [0, 0, -1, 2]);"), "f32[1,S,4,2]");
  EXPECT_EQ(result("y = reshape(p, shape = [1, P + S, -1, 2]);"), "f16[1,P + S,4,2]");
  EXPECT_EQ(result("y = reshape(p, shape = [-1, 4]);"), "f16[2*P + 2*S,4]");
  EXPECT_EQ(result("y = reshape(x, shape = [2, 4], axis_start = 2, axis_count = 1);"), "f32[1,S,2,4]");
  EXPECT_EQ(result("y = reshape(x, shape = [0], axis_start = 2);"), "f32[1,S,8]");
  EXPECT_EQ(result("y = reshape(x, shape = [], axis_start = 0, axis_count = 1);"), "f32[S,8]");
  EXPECT_EQ(result("y = reshape(c, shape = tract_core_shape_of(reshape(c, shape = [3, -1])));"), "f32[3,8]");
  expect_error("y = reshape(c, shape = [-1, -1]);", "-1 stands twice");
  expect_error("y = reshape(c, shape = [2, 3, 4, 0]);", "0 copies an axis that the input has not");
  expect_error("y = reshape(c, shape = [5]);", "not as many elements");
  expect_error("y = reshape(c, shape = [2], axis_start = 4);", "4 is no axis");
  expect_error("y = reshape(c, shape = [2], axis_start = 2, axis_count = 2);", "2 axes from axis 2");
  expect_error("y = reshape(c, shape = [x]);", "must be a dimension");
}

TEST(LayoutPrimitives, SeveralAxesAreSeveralNodes) {
  EXPECT_EQ(operators("y = unsqueeze(c, axes = [4, 0]);"), "Unsqueeze(axis = 0) Unsqueeze(axis = 4)");
  EXPECT_EQ(operators("y = squeeze(reshape(c, [1, 24, 1]), axes = [0, -1]);"),
            "Reshape(shape = [1,24,1]) Squeeze(axis = 2) Squeeze(axis = 0)");
  EXPECT_EQ(operators("y = slice(c, axes = [0, 2], begin = [1, 1], end = [2, 3]);"),
            "Slice(axis = 0, begin = 1, end = 2) Slice(axis = 2, begin = 1, end = 3)");
  EXPECT_EQ(operators("y = squeeze(c, axes = []);"), "");
  EXPECT_EQ(operators("y = stack([c, c], axis = -1);"), "Unsqueeze(axis = 3) Unsqueeze(axis = 3) Concat(axis = 3)");
  EXPECT_EQ(operators("[a, y] = unstack(c, axis = 0);"), "Slice(axis = 0, begin = 1, end = 2) Squeeze(axis = 0)");
  EXPECT_EQ(operators("[a, y] = split(x, axis = 2, ratios = [1, 3]);"), "Slice(axis = 2, begin = 2, end = 8)");
  expect_error("[a, y] = split(x, axis = 2, ratios = [1, 2]);", "no multiple of their sum 3");
  expect_error("[a, y] = unstack(x, axis = 1);", "f32[1,S,8]");
}

TEST(LayoutPrimitives, SliceCountsFromTheEndAndStaysInside) {
  const auto sliced = [](const std::string& of, const std::string& begin, const std::string& end) {
    return "y = slice(" + of + ", axes = [1], begin = [" + begin + "], end = [" + end + "]);";
  };
  EXPECT_EQ(operators(sliced("c", "-2", "0")), "Slice(axis = 1, begin = 1, end = 3)");
  EXPECT_EQ(operators(sliced("c", "-9", "-1")), "Slice(axis = 1, begin = 0, end = 2)");
  EXPECT_EQ(operators(sliced("c", "1", "99")), "Slice(axis = 1, begin = 1, end = 3)");
  EXPECT_EQ(operators(sliced("c", "7", "9")), "Slice(axis = 1, begin = 3, end = 3)");
  EXPECT_EQ(operators(sliced("c", "2", "1")), "Slice(axis = 1, begin = 2, end = 2)");
  EXPECT_EQ(operators(sliced("x", "-1", "0")), "Slice(axis = 1, begin = S - 1, end = S)");
  EXPECT_EQ(operators(sliced("p", "0", "P")), "Slice(axis = 1, begin = 0, end = P)");
  EXPECT_EQ(operators(sliced("p", "0", "-1")), "Slice(axis = 1, begin = 0, end = P + S - 1)");
  EXPECT_EQ(operators(sliced("x", "0", "4")), "Slice(axis = 1, begin = 0, end = min(4, S))");
  EXPECT_EQ(operators(sliced("x", "0", "4"), "S >= 4"), "Slice(axis = 1, begin = 0, end = 4)");
  EXPECT_EQ(operators(sliced("x", "0", "4"), "S <= 3"), "Slice(axis = 1, begin = 0, end = S)");
  EXPECT_EQ(operators(sliced("x", "0", "Q")), "Slice(axis = 1, begin = 0, end = Q)");
  expect_error("y = slice(c, axes = [1], begin = [2], end = [0], stride = [-1]);", "only strides of 1 and more");
  expect_error("y = slice(c, axes = [1, 2], begin = [0], end = [1]);", "a begin, an end and a stride for each axis");
  expect_error("y = slice(c, axes = [3], begin = [0], end = [1]);", "the axis 3");
}

TEST(LayoutPrimitives, TileBroadcastAndPadTakeShortForms) {
  EXPECT_EQ(operators("y = tile(c, repeats = [2]);"), "Tile(repeats = [2,1,1])");
  EXPECT_EQ(result("y = tile(c, repeats = [0, 1, 1]);"), "f32[0,3,4]");
  EXPECT_EQ(operators("y = tract_core_broadcast(x, shape = [2, 1, 1]);"), "MultiBroadcastTo(shape = [2,S,8])");
  EXPECT_EQ(result("y = tract_core_broadcast(squeeze(x, axes = [0]), shape = [Q, S, 8]);"), "f32[Q,S,8]");
  EXPECT_EQ(result("y = pad(c, padding = [(0, 0), (1, 2), (0, 3)], border = 'constant', value = 1.5);"), "f32[2,6,7]");
  EXPECT_EQ(result("y = pad(p, padding = [(0, 0), (0, 0), (0, 3)]);"), "f16[1,P + S,11]");
  expect_error("y = pad(c, padding = [(0, 0)]);", "two integers for each axis");
  expect_error("y = pad(c, padding = [(0, 0), (0, 0), (0, 0)], border = 'reflect');", "expected 'constant'");
}

TEST(LayoutPrimitives, RangesHaveTheTypeOfTheirStart) {
  EXPECT_EQ(result("y = tract_core_range(0, S, 1);"), "tdim[S]");
  EXPECT_EQ(result("y = tract_core_range(tract_core_cast(2, to = 'i32'), 5, 1);"), "i32[3]");
  EXPECT_EQ(result("y = tract_core_range(0.0, 1.0, 0.25);"), "f32[4]");
  EXPECT_EQ(operators("y = tract_core_range(0.0, 1.0, 0.25);"), "");
  expect_error("y = tract_core_range(0, S, 0);", "no such step");
  expect_error("y = tract_core_range(0.0, 1.0, 0.0);", "that long");
  expect_error("y = tract_core_range(0, i, 1);", "must be a dimension");
}

TEST(LayoutPrimitives, EinsumComputesInItsAccumulatorType) {
  EXPECT_EQ(operators("y = tract_core_einsum([p, p], 'bsd,btd->bst', 'f32');"),
            "Cast(to = f32) Cast(to = f32) EinSum(expr = \"bsd,btd->bst\")");
  EXPECT_EQ(result("y = tract_core_einsum([p, p], 'bsd,btd->bst', 'f16');"), "f16[1,P + S,P + S]");
  expect_error("y = tract_core_einsum([x, x], 'bsd,btd', 'f32');", "argument 'expr'");
  expect_error("y = tract_core_einsum([x, x], 'bsd,btd->bst', 'f32', 'i8');", "quantised");
  expect_error("y = matmul(c, c);", "MatMul");
}

TEST(LayoutPrimitives, LinearIsAProductAndASum) {
  EXPECT_EQ(result("y = linear(x, tile(x, repeats = [1, 2, 1]), 0.0);"), "f32[1,S,2*S]");
  EXPECT_EQ(operators("y = linear(x, x, 0.0);"), "MatMul(transpose_a = false, transpose_b = true) Add()");
}

// A size of 0 in a shape would read as a copy of another axis.
TEST(LayoutPrimitives, AShapeThatReshapeCannotSayIsRefused) {
  Model model;
  const Outlet x = model.add_input("x", Fact(DType::kF32, {3, 0}));
  model.add_output("y", model.add("y", std::make_shared<Reshape>(std::vector<Dim>{0, 3}), {x}));
  EXPECT_THROW(write_model(model), Error);
}

}  // namespace
}  // namespace kvproof::nnef
