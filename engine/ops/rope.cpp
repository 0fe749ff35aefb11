// ApplyRope: each product and the sum are rounded to the type of x, so that the bits are those of the operators that it
// stands for.
#include "engine/ops/attention.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/floating.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

// How far apart the elements of a table stand along each axis of x; 0 where it repeats.
std::vector<std::int64_t> strides_to(const Shape& table, const Shape& x) {
  std::vector<std::int64_t> strides(std::size_t(x.rank()));
  std::int64_t step = 1;
  for (int i = x.rank() - 1; i >= 0; step *= table[i--]) strides[std::size_t(i)] = table[i] == 1 ? 0 : step;
  return strides;
}

// The first element of row `row` of x (all axes but the last counted as one) within a table.
std::int64_t row_start(std::int64_t row, const Shape& x, std::span<const std::int64_t> strides) {
  std::int64_t at = 0;
  for (int i = x.rank() - 2; i >= 0; row /= x[i--]) at += row % x[i] * strides[std::size_t(i)];
  return at;
}

template <class T>
struct Table {
  const T* data;
  std::vector<std::int64_t> strides;

  const T* row(std::int64_t i, const Shape& x) const { return data + row_start(i, x, strides); }
  std::int64_t step() const { return strides.back(); }
};

// `round` rounds n products, and is applied to nothing else: who asks for the sum rounds it.
template <class T, class Round>
void rotate(const T* x, const Shape& shape, const Table<T>& cos, const Table<T>& sin, T* out, const Round& round) {
  const std::int64_t width = shape[-1], half = width / 2, rows = width ? shape.elements() / width : 0;
  std::vector<T> products(static_cast<std::size_t>(2 * width));
  T *const straight = products.data(), *const turned = straight + width;
  for (std::int64_t r = 0; r < rows; ++r, x += width, out += width) {
    const T *c = cos.row(r, shape), *s = sin.row(r, shape);
    for (std::int64_t i = 0; i < width; ++i) straight[i] = x[i] * c[i * cos.step()];
    for (std::int64_t i = 0; i < half; ++i) turned[i] = -x[i + half] * s[i * sin.step()];
    for (std::int64_t i = half; i < width; ++i) turned[i] = x[i - half] * s[i * sin.step()];
    round(straight, 2 * width);
    for (std::int64_t i = 0; i < width; ++i) out[i] = straight[i] + turned[i];
  }
}

}  // namespace

std::vector<Fact> ApplyRope::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 3);
  const Fact& x = inputs[0];
  if (!is_floating(x.dtype) || x.rank() == 0)
    refuse(*this, "x is " + x.str() + ", expected floating, of rank 1 or more");
  if (x.shape.back().integer().value_or(0) % 2 != 0) refuse(*this, "x is " + x.str() + ", its last axis is odd");
  for (const Fact& table : inputs.subspan(1)) {
    if (table.dtype != x.dtype || table.rank() != x.rank()) {
      refuse(*this, "cos and sin are " + table.str() + ", expected the type and rank of " + x.str());
    }
    for (std::size_t i = 0; i < x.shape.size(); ++i) {
      if (surely_differ(table.shape[i], 1) && surely_differ(table.shape[i], x.shape[i])) {
        refuse(*this, "cos and sin are " + table.str() + ", which does not broadcast to " + x.str());
      }
    }
  }
  return {Fact(x.dtype, x.shape)};
}

std::vector<Value> ApplyRope::eval(std::span<const Value> inputs, Evaluation& e) const {
  const Shape& shape = inputs[0].shape();
  if (shape[-1] % 2 != 0) refuse(*this, "the last axis of " + shape.str() + " is odd");
  for (const Value& table : inputs.subspan(1)) {
    for (int i = 0; i < shape.rank(); ++i) {
      if (table.shape()[i] == 1 || table.shape()[i] == shape[i]) continue;
      refuse(*this, table.shape().str() + " does not broadcast to " + shape.str());
    }
  }
  const DType dtype = inputs[0].dtype();
  Tensor out = e.output();
  const auto exact = [](auto*, std::int64_t) {};
  if (dtype == DType::kF64) {
    const auto table = [&](const Value& v) { return Table<double>{v.as<double>(), strides_to(v.shape(), shape)}; };
    rotate(inputs[0].as<double>(), shape, table(inputs[1]), table(inputs[2]), out.as<double>(), exact);
    return {e.share(std::move(out))};
  }
  const Value x = in_f32(inputs[0], e), cos = in_f32(inputs[1], e), sin = in_f32(inputs[2], e);
  const auto table = [&](const Value& v) { return Table<float>{v.as<float>(), strides_to(v.shape(), shape)}; };
  if (dtype == DType::kF32) {
    rotate(x.as<float>(), shape, table(cos), table(sin), out.as<float>(), exact);
    return {e.share(std::move(out))};
  }
  Tensor wide = e.temporary(DType::kF32, shape);
  std::vector<std::byte> narrowed(std::size_t(2 * shape[-1]) * size_of(dtype));
  rotate(x.as<float>(), shape, table(cos), table(sin), wide.as<float>(), [&](float* products, std::int64_t n) {
    from_f32(dtype, products, n, narrowed.data());
    to_f32(dtype, narrowed.data(), n, products);
  });
  narrow(dtype, wide.as<float>(), shape.elements(), out.view().data);
  return {e.share(std::move(out))};
}

}  // namespace kvproof
