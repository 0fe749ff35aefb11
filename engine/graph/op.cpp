#include "engine/graph/op.h"

#include "engine/graph/workspace.h"

namespace kvproof {

Tensor Evaluation::output(int i) { return temporary(outputs_[std::size_t(i)].dtype, output_shape(i)); }

Tensor Evaluation::temporary(DType dtype, const Shape& shape) { return workspace_.take(dtype, shape); }

Value Evaluation::share(Tensor&& tensor) { return workspace_.share(std::move(tensor)); }

std::vector<Value> Op::eval(std::span<const Value>, Evaluation&) const {
  KVPROOF_CHECK(!"an operator without state evaluates itself; one with state is evaluated by its state");
  return {};
}

namespace {

// A single element is known, so that literals are taken as in a model.
Fact fact_of(const Value& value) {
  if (value.shape().elements() == 1) return Fact(Constant(Tensor(value.view())));
  return Fact(value.dtype(), {value.shape().dims().begin(), value.shape().dims().end()});
}

}  // namespace

std::vector<Value> evaluate(const Op& op, std::span<const Value> inputs, const Bindings& symbols) {
  KVPROOF_CHECK(!op.is_stateful());
  std::vector<Fact> facts;
  for (const Value& input : inputs) facts.push_back(fact_of(input));
  const std::vector<Fact> outputs = op.facts(facts, {});
  Workspace workspace;
  Evaluation evaluation(symbols, outputs, workspace);
  return op.eval(inputs, evaluation);
}

}  // namespace kvproof
