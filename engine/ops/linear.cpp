// Rows times a stored weight.
#include "engine/ops/fact_rules.h"
#include "engine/ops/matrix_product.h"
#include "engine/ops/product.h"

namespace kvproof {

std::vector<Fact> Linear::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 2);
  const Fact &x = inputs[0], &weight = inputs[1];
  const std::string both = x.str() + " and " + weight.str();
  if (x.rank() < 1 || weight.rank() != 2) refuse(*this, both + ": expected rows and a weight of rank 2");
  if (!is_float(x.dtype) || !is_float(weight.dtype)) refuse(*this, both + ": expected f32, f16 or bf16");
  same_size(*this, x.shape.back(), weight.shape[1], both + " are summed over");
  Fact result(x.dtype, x.shape);
  result.shape.back() = weight.shape[0];
  return {std::move(result)};
}

std::vector<Value> Linear::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape &x = inputs[0].shape(), &weight = inputs[1].shape();
  if (x[-1] != weight[1]) refuse(*this, x.str() + " and " + weight.str() + " do not fit");
  Tensor out = evaluation.output();
  std::int64_t rows = 1;
  for (int i = 0; i < x.rank() - 1; ++i) rows *= x[i];
  multiply({rows,
            weight[0],
            weight[1],
            {inputs[0].dtype(), inputs[0].view().data, Order::kRows},
            {inputs[1].dtype(), inputs[1].view().data, Order::kColumns},
            out.view(),
            {{0, 0}}},
           evaluation);
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
