// Operators that cut one axis or put pieces together along one.

#include "engine/ops/fact_rules.h"
#include "engine/ops/layout.h"
#include "engine/ops/strided.h"

namespace kvproof {
namespace {

bool surely_negative(const Dim& d) { return d.integer().value_or(0) < 0; }

// How many of `length` elements every stride-th is.
Dim strided_count(const Dim& length, std::int64_t stride) {
  const Dim exact = length / stride;
  return exact * stride == length && !length.integer() ? exact : (length + (stride - 1)) / stride;
}

// A concatenation may mix i64 and tdim; tdim comes out.
DType concat_dtype(const Op& op, DType a, DType b) {
  const auto counts = [](DType t) { return t == DType::kI64 || t == DType::kDim; };
  if (a == b) return a;
  if (counts(a) && counts(b)) return DType::kDim;
  refuse(op, "inputs of " + std::string(name_of(a)) + " and " + std::string(name_of(b)));
}

}  // namespace

std::string Concat::attributes() const { return "axis = " + std::to_string(axis); }

std::vector<Fact> Concat::facts(std::span<const Fact> inputs, const Assumptions&) const {
  if (inputs.empty()) refuse(*this, "no inputs, expected at least 1");
  require_axis(*this, axis, inputs[0].rank());
  Fact result(inputs[0].dtype, inputs[0].shape);
  const std::size_t at = std::size_t(axis);
  for (const Fact& next : inputs.subspan(1)) {
    const std::string both = result.str() + " and " + next.str() + " along axis " + std::to_string(axis);
    if (next.rank() != result.rank()) refuse(*this, both + ": ranks differ");
    result.dtype = concat_dtype(*this, result.dtype, next.dtype);
    for (std::size_t i = 0; i < result.shape.size(); ++i) {
      result.shape[i] =
          i == at ? result.shape[i] + next.shape[i] : same_size(*this, result.shape[i], next.shape[i], both);
    }
  }
  return {with_moved_dims(*this, inputs, inputs.size(), std::move(result))};
}

std::vector<Value> Concat::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  Tensor out = evaluation.output();
  const std::vector<std::int64_t> targets = dense_strides(out.shape());
  const std::size_t element = size_of(out.dtype());
  std::int64_t row = 0;
  for (const Value& input : inputs) {
    const Shape& from = input.shape();
    const std::vector<std::int64_t> sources = dense_strides(from);
    std::vector<CopyAxis> copy;
    for (int i = 0; i < from.rank(); ++i) {
      if (i != axis && from[i] != out.shape()[i]) {
        refuse(*this, from.str() + " as a part of " + out.shape().str() + " along axis " + std::to_string(axis));
      }
      copy.push_back({from[i], sources[std::size_t(i)], targets[std::size_t(i)]});
    }
    const std::int64_t start = row * targets[std::size_t(axis)];
    row += from[axis];
    if (row > out.shape()[axis])
      refuse(*this, "the parts of axis " + std::to_string(axis) + " exceed " + out.shape().str());
    copy_strided(copy, element, input.view().data, out.view().data + start * std::int64_t(element));
  }
  if (row != out.shape()[axis])
    refuse(*this, "the parts of axis " + std::to_string(axis) + " do not fill " + out.shape().str());
  return {evaluation.share(std::move(out))};
}

std::string Slice::attributes() const {
  const std::string text = "axis = " + std::to_string(axis) + ", begin = " + begin.str() + ", end = " + end.str();
  return stride == 1 ? text : text + ", stride = " + std::to_string(stride);
}

std::vector<Fact> Slice::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  require_axis(*this, axis, inputs[0].rank());
  if (stride < 1) refuse(*this, "stride " + std::to_string(stride) + ", expected 1 or more");
  Fact result(inputs[0].dtype, inputs[0].shape);
  Dim& size = result.shape[std::size_t(axis)];
  if (surely_negative(begin) || surely_negative(end - begin) || surely_negative(size - end)) {
    refuse(*this,
           "[" + begin.str() + ", " + end.str() + ") of axis " + std::to_string(axis) + " of " + inputs[0].str());
  }
  size = strided_count(end - begin, stride);
  return {begin.integer() ? with_moved_dims(*this, inputs, 1, std::move(result)) : std::move(result)};
}

std::vector<Value> Slice::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape& from = inputs[0].shape();
  const std::int64_t first = evaluation.evaluate(begin), last = evaluation.evaluate(end);
  if (first < 0 || last < first || last > from[axis]) {
    refuse(*this, "[" + std::to_string(first) + ", " + std::to_string(last) + ") of axis " + std::to_string(axis) +
                      " of " + from.str());
  }
  const Shape to = evaluation.output_shape();
  const std::vector<std::int64_t> sources = dense_strides(from), targets = dense_strides(to);
  std::vector<CopyAxis> copy;
  for (int i = 0; i < from.rank(); ++i) {
    const std::size_t at = std::size_t(i);
    copy.push_back({to[i], sources[at] * (i == axis ? stride : 1), targets[at]});
  }
  return {strided_output(inputs[0], copy, first * sources[std::size_t(axis)], evaluation)};
}

OpPtr Slice::substitute(const Substitution& with) const {
  Dim from = begin.substitute(with), to = end.substitute(with);
  return from == begin && to == end ? nullptr : std::make_shared<Slice>(axis, std::move(from), std::move(to), stride);
}

}  // namespace kvproof
