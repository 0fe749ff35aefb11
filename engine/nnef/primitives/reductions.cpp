// Reductions, softmax and norms.
#include <algorithm>

#include "engine/nnef/registry.h"
#include "engine/ops/reduce.h"

namespace kvproof::nnef::primitives {
namespace {

std::vector<int> sorted_axes(Invocation& in, Outlet input) {
  std::vector<int> axes = in.axes("axes", input);
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) in.fail("axes", "an axis stands twice");
  return axes;
}

template <ReduceFn fn>
Outlets reduce(Invocation& in) {
  const Outlet input = in.outlet("input");
  return {in.add<Reduce>({input}, fn, sorted_axes(in, input))};
}

// A normalised sum is the mean.
Outlets sum_reduce(Invocation& in) {
  return in.boolean("normalize") ? reduce<ReduceFn::kMean>(in) : reduce<ReduceFn::kSum>(in);
}

Outlets softmax(Invocation& in) {
  const Outlet x = in.outlet("x");
  return {in.add<Softmax>({x}, sorted_axes(in, x))};
}

Outlets rms_norm(Invocation& in) {
  const Outlet input = in.outlet("input");
  return {in.add<RmsNorm>({input}, in.axis("axis", input), in.number("eps"))};
}

Outlets scaled_masked_softmax(Invocation& in) {
  return {in.add<ScaledMaskedSoftmax>({in.outlet("input"), in.outlet("mask")}, in.number("scale"),
                                      in.boolean("post_softmax_mask"))};
}

const std::vector<Declared> kReduction = {{"input"}, {"axes"}};

std::optional<Expr> spell_reduce(const Reduce& op, Speller& to) {
  constexpr std::string_view kNames[] = {"sum_reduce", "mean_reduce", "max_reduce", "min_reduce",
                                         "tract_core_product_reduce"};
  return call(kNames[int(op.fn)], {to.input(0)}).with("axes", integers(op.axes));
}

}  // namespace

extern const PrimitiveFamily reductions = {
    .primitives =
        {
            {"", {"sum_reduce"}, {{"input"}, {"axes"}, {"normalize", "false"}}, sum_reduce},
            {"", {"mean_reduce"}, kReduction, reduce<ReduceFn::kMean>},
            {"", {"max_reduce", "any_reduce"}, kReduction, reduce<ReduceFn::kMax>},
            {"", {"min_reduce", "all_reduce"}, kReduction, reduce<ReduceFn::kMin>},
            {"tract_core", {"tract_core_product_reduce"}, kReduction, reduce<ReduceFn::kProduct>},
            {"", {"softmax"}, {{"x"}, {"axes", "[1]"}}, softmax},
            {"tract_core",
             {"tract_core_rms_norm", "tract_transformers_rms_norm"},
             {{"input"}, {"axis"}, {"eps", "1e-6"}},
             rms_norm},
            {"tract_transformers",
             {"tract_transformers_scaled_masked_softmax"},
             {{"input"}, {"mask"}, {"scale"}, {"post_softmax_mask", "false"}},
             scaled_masked_softmax},
        },
    .spellings = {
        spelling<Reduce>(spell_reduce),
        spelling<Softmax>([](const Softmax& op, Speller& to) -> std::optional<Expr> {
          return call("softmax", {to.input(0)}).with("axes", integers(op.axes));
        }),
        spelling<RmsNorm>([](const RmsNorm& op, Speller& to) -> std::optional<Expr> {
          return call("tract_core_rms_norm", {to.input(0)}).with("axis", integer(op.axis)).with("eps", number(op.eps));
        }),
        spelling<ScaledMaskedSoftmax>([](const ScaledMaskedSoftmax& op, Speller& to) -> std::optional<Expr> {
          return call("tract_transformers_scaled_masked_softmax", to.inputs())
              .with("scale", number(op.scale))
              .with("post_softmax_mask", boolean(op.zero_hidden));
        }),
    }};

}  // namespace kvproof::nnef::primitives
