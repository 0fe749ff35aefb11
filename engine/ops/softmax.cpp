// Softmax and ScaledMaskedSoftmax.
#include "engine/attention/softmax.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "engine/ops/broadcast.h"
#include "engine/ops/convert.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/floating.h"
#include "engine/ops/reduce.h"
#include "engine/ops/rows.h"

namespace kvproof {
namespace {

template <class T>
constexpr T kHidden = -std::numeric_limits<T>::infinity();

// In place; x has room for padded_width(n) elements.
void softmax(float* x, std::int64_t n) {
  std::fill(x + n, x + padded_width(n), kHidden<float>);
  float max = 0, sum = 0;
  softmax_row(x, 0, padded_width(n), &max, &sum);
  if (max == kHidden<float>) return;  // all are 0 already
  for (std::int64_t i = 0; i < n; ++i) x[i] /= sum;
}

void softmax(double* x, std::int64_t n) {
  const double max = folded(x, n, kHidden<double>, [](double a, double b) { return a > b || a != a ? a : b; });
  if (max == kHidden<double>) return std::fill(x, x + n, 0.);
  for (std::int64_t i = 0; i < n; ++i) x[i] = std::exp(x[i] - max);
  const double sum = folded(x, n, 0., std::plus<>());
  for (std::int64_t i = 0; i < n; ++i) x[i] /= sum;
}

void require_floating(const Op& op, const Fact& fact) {
  if (!is_floating(fact.dtype)) refuse(op, "an operand of type " + std::string(name_of(fact.dtype)));
}

}  // namespace

std::string Softmax::attributes() const { return axes_text(axes); }

std::vector<Fact> Softmax::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  require_axes(*this, axes, inputs[0].rank());
  require_floating(*this, inputs[0]);
  return {Fact(inputs[0].dtype, inputs[0].shape)};
}

std::vector<Value> Softmax::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const TensorView& x = inputs[0];
  Tensor out = evaluation.output();
  KVPROOF_CHECK(out.shape() == x.shape && out.dtype() == x.dtype);
  const Rows rows(x.shape, axes);
  visit_row_type(x.dtype, [&]<class T>(std::type_identity<T>) {
    rows.for_each<T>(x, [&](std::int64_t row, T* elements) {
      softmax(elements, rows.length());
      rows.write(elements, row, out.view());
    });
  });
  return {evaluation.share(std::move(out))};
}

std::string ScaledMaskedSoftmax::attributes() const {
  return fmt::format("scale = {}, post_softmax_mask = {}", scale, zero_hidden);
}

std::vector<Fact> ScaledMaskedSoftmax::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 2);
  const Fact &x = inputs[0], &mask = inputs[1];
  require_floating(*this, x);
  if (scale == 0) refuse(*this, "a scale of 0");
  const bool is_bool = mask.dtype == DType::kBool;
  if (!is_bool) require_floating(*this, mask);
  if (x.rank() == 0) refuse(*this, "a scalar has no rows");
  if (mask.rank() > x.rank() || (!is_bool && mask.rank() != x.rank())) {
    refuse(*this, fmt::format("a mask {} for {}", mask.str(), x.str()));
  }
  for (int i = 0; i < mask.rank(); ++i) {
    const Dim &have = mask.shape[std::size_t(i)], &want = x.shape[std::size_t(i + x.rank() - mask.rank())];
    if (!have.is(1) && surely_differ(have, want)) refuse(*this, fmt::format("a mask {} for {}", mask.str(), x.str()));
  }
  return {Fact(x.dtype, x.shape)};
}

// What is hidden is -inf before the exponential and exactly 0 behind it, whatever zero_hidden says.
std::vector<Value> ScaledMaskedSoftmax::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Value& x = inputs[0];
  Tensor out = evaluation.output();
  KVPROOF_CHECK(out.shape() == x.shape() && out.dtype() == x.dtype());
  const Rows rows(x.shape(), std::array{x.shape().rank() - 1});
  visit_row_type(x.dtype(), [&]<class T>(std::type_identity<T>) {
    const bool is_bool = inputs[1].dtype() == DType::kBool;
    constexpr DType kType = std::is_same_v<T, float> ? DType::kF32 : DType::kF64;
    Value mask = is_bool ? inputs[1] : converted(inputs[1], kType, evaluation);
    mask = mask.reshaped(aligned_right(mask.shape(), x.shape().rank()));
    require_shape(*this, x.shape(), broadcast(*this, std::array{x, mask}));
    const BroadcastWalk walk(x.shape(), std::span(&mask, 1));
    rows.for_each<T>(x, [&](std::int64_t row, T* elements) {
      const std::int64_t begin = row * rows.length();
      const T factor = T(scale);
      walk.runs(begin, begin + rows.length(),
                [&](std::int64_t at, const BroadcastWalk::Offsets& first, std::int64_t n) {
                  T* to = elements + (at - begin);
                  if (is_bool) {
                    const bool* shown = mask.as<bool>() + first[0];
                    for (std::int64_t i = 0; i < n; ++i) to[i] = shown[i * walk.step(0)] ? to[i] * factor : kHidden<T>;
                  } else {
                    const T* added = mask.as<T>() + first[0];
                    for (std::int64_t i = 0; i < n; ++i) to[i] = to[i] * factor + added[i * walk.step(0)];
                  }
                });
      softmax(elements, rows.length());
      rows.write(elements, row, out.view());
    });
  });
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
