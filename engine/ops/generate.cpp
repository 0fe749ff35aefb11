// Operators that make elements from positions and shapes: ranges, triangles, dimensions as tensors.

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/ops/element.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

// Elements 0, 1, ... of an integer tensor from element(i); throws where one does not fit.
template <class Element>
void fill_integers(const Op& op, Tensor& out, const Element& element) {
  visit_integer(out.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    for (std::int64_t i = 0; i < out.shape().elements(); ++i) {
      const std::int64_t value = element(i);
      if (!std::in_range<T>(value)) refuse(op, std::to_string(value) + " is no " + std::string(name_of(out.dtype())));
      out.as<T>()[i] = T(value);
    }
  });
}

}  // namespace

std::string Range::attributes() const {
  return "start = " + start.str() + ", end = " + end.str() + ", step = " + std::to_string(step) +
         ", dtype = " + std::string(name_of(dtype));
}

std::vector<Fact> Range::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 0);
  if (step == 0 || step == std::numeric_limits<std::int64_t>::min()) refuse(*this, attributes() + ": no such step");
  if (dtype != DType::kF32 && dtype != DType::kDim && dtype != DType::kI64 && dtype != DType::kI32) {
    refuse(*this, attributes() + ": expected tdim, i64, i32 or f32");
  }
  const std::int64_t stride = std::abs(step);
  const Dim length = step > 0 ? end - start : start - end, exact = length / stride;
  Dim count = exact * stride == length ? exact : (length + (stride - 1)) / stride;
  if (count.integer().value_or(0) < 0) count = 0;
  const std::optional<std::int64_t> n = count.integer();
  if (dtype == DType::kF32 || !n || std::size_t(*n) > Fact::kMaxDims) return {Fact(dtype, {count})};
  std::vector<Dim> values;
  for (std::int64_t i = 0; i < *n; ++i) values.push_back(start + Dim(i) * step);
  return {Fact::of_dims(dtype, {*n}, std::move(values))};
}

std::vector<Value> Range::eval(std::span<const Value>, Evaluation& evaluation) const {
  Tensor out = evaluation.output();
  const std::int64_t first = evaluation.evaluate(start);
  if (dtype == DType::kF32) {
    for (std::int64_t i = 0; i < out.shape().elements(); ++i) out.as<float>()[i] = float(first + i * step);
  } else {
    fill_integers(*this, out, [&](std::int64_t i) { return first + i * step; });
  }
  return {evaluation.share(std::move(out))};
}

OpPtr Range::substitute(const Substitution& with) const {
  Dim from = start.substitute(with), to = end.substitute(with);
  return from == start && to == end ? nullptr : std::make_shared<Range>(std::move(from), std::move(to), step, dtype);
}

std::string Trilu::attributes() const {
  return std::string("keep = ") + (keep == Keep::kUpper ? "upper" : "lower") + ", k = " + std::to_string(k);
}

std::vector<Fact> Trilu::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  if (inputs[0].rank() < 2) refuse(*this, inputs[0].str() + ", expected rank 2 or more");
  return {with_moved_dims(*this, inputs, 1, Fact(inputs[0].dtype, inputs[0].shape))};
}

std::vector<Value> Trilu::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape& shape = inputs[0].shape();
  Tensor out = evaluation.output();
  const std::size_t element = size_of(out.dtype());
  const std::int64_t rows = shape[-2], columns = shape[-1];
  const std::byte* from = inputs[0].view().data;
  std::byte* to = out.view().data;
  for (std::int64_t i = 0; columns > 0 && i < shape.elements() / columns; ++i) {
    // Row r keeps the columns from r + k on, or those up to it.
    const std::int64_t row = i % rows, diagonal = std::clamp(k, -rows, columns) + row;
    const std::int64_t begin = keep == Keep::kUpper ? std::clamp<std::int64_t>(diagonal, 0, columns) : 0;
    const std::int64_t end = keep == Keep::kUpper ? columns : std::clamp<std::int64_t>(diagonal + 1, 0, columns);
    const std::size_t line = std::size_t(i * columns) * element;
    std::memset(to + line, 0, std::size_t(columns) * element);
    const std::size_t at = line + std::size_t(begin) * element;
    std::memcpy(to + at, from + at, std::size_t(end - begin) * element);
  }
  return {evaluation.share(std::move(out))};
}

std::vector<Fact> ShapeOf::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  return {Fact::of_dims(DType::kDim, {inputs[0].rank()}, inputs[0].shape)};
}

std::vector<Value> ShapeOf::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  Tensor out = evaluation.output();
  fill_integers(*this, out, [&](std::int64_t i) { return inputs[0].shape()[int(i)]; });
  return {evaluation.share(std::move(out))};
}

std::string DimsOp::attributes() const {
  return "dtype = " + std::string(name_of(dtype)) + ", shape = " + shape.str() + ", values = " + dims_text(values);
}

std::vector<Fact> DimsOp::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 0);
  return {Fact::of_dims(dtype, shape, values)};
}

std::vector<Value> DimsOp::eval(std::span<const Value>, Evaluation& evaluation) const {
  Tensor out = evaluation.output();
  fill_integers(*this, out, [&](std::int64_t i) { return evaluation.evaluate(values[std::size_t(i)]); });
  return {evaluation.share(std::move(out))};
}

OpPtr DimsOp::substitute(const Substitution& with) const {
  std::vector<Dim> elements = substituted(values, with);
  return elements == values ? nullptr : std::make_shared<DimsOp>(dtype, shape, std::move(elements));
}

}  // namespace kvproof
