// Matrix products and einsum. A product whose weight is of another type than the rows has a name of ours.
#include "engine/nnef/registry.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/product.h"

namespace kvproof::nnef::primitives {
namespace {

// tract multiplies, sums and gives out in `acc`. Sums here are never made in less than f32, so f16 is rounded once.
Outlets build_einsum(Invocation& in) {
  const DType acc = in.dtype("acc");
  if (!in.string("output").empty()) in.fail("output", "quantised results are not made", ErrorCode::kUnsupported);
  Outlets inputs = in.outlets("inputs");
  for (Outlet& input : inputs) {
    if (in.fact(input).dtype != acc) input = in.add<Cast>({input}, acc);
  }
  std::shared_ptr<const Einsum> op;
  try {
    op = std::make_shared<Einsum>(in.string("expr"));
  } catch (const Error& error) {
    in.fail("expr", error.what(), error.code());
  }
  return in.add_node(std::move(op), inputs);
}

}  // namespace

extern const PrimitiveFamily products = {
    .primitives =
        {
            {"",
             {"matmul"},
             {{"A"}, {"B"}, {"transposeA", "false"}, {"transposeB", "false"}},
             [](Invocation& in) -> Outlets {
               return {in.add<MatMul>({in.outlet("A"), in.outlet("B")}, in.boolean("transposeA"),
                                      in.boolean("transposeB"))};
             }},
            {"kvproof",
             {"kvproof_linear"},
             {{"input"}, {"weight"}},
             [](Invocation& in) -> Outlets { return {in.add<Linear>({in.outlet("input"), in.outlet("weight")})}; }},
            {"tract_core", {"tract_core_einsum"}, {{"inputs"}, {"expr"}, {"acc"}, {"output", "\"\""}}, build_einsum},
        },
    .spellings = {
        spelling<MatMul>([](const MatMul& op, Speller& to) -> std::optional<Expr> {
          return call("matmul", to.inputs())
              .with("transposeA", boolean(op.transpose_a))
              .with("transposeB", boolean(op.transpose_b));
        }),
        spelling<Linear>(
            [](const Linear&, Speller& to) -> std::optional<Expr> { return call("kvproof_linear", to.inputs()); }),
        spelling<Einsum>([](const Einsum& op, Speller& to) -> std::optional<Expr> {
          return call("tract_core_einsum", {list(to.inputs())})
              .with("expr", text(op.expr))
              .with("acc", dtype(to.fact(0).dtype))
              .with("output", text(""));
        }),
    }};

}  // namespace kvproof::nnef::primitives
