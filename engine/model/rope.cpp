#include "engine/model/rope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

void check_factors(const RopeSpec& spec) {
  const std::size_t half = std::size_t(spec.head_dim / 2);
  if (spec.factors.empty()) return;
  if (spec.factors.size() != half) {
    throw Error(ErrorCode::kMismatch, fmt::format("rope_freqs.weight: {} factors; expected {}, half of the head width",
                                                  spec.factors.size(), half));
  }
  if (spec.scaling.kind == RopeScaling::Kind::kLlama3) {
    throw Error(ErrorCode::kMismatch, "rope_freqs.weight: beside rope scaling of type llama3; expected one of the two");
  }
  for (std::size_t j = 0; j < half; ++j) {
    if (std::isfinite(spec.factors[j]) && spec.factors[j] > 0) continue;
    throw Error(
        ErrorCode::kMalformed,
        fmt::format("rope_freqs.weight: factor {} is {}; expected a finite number above 0", j, spec.factors[j]));
  }
}

// In the arithmetic of T, each operation in the order that transformers has it.
template <class T>
T scaled(T frequency, const RopeScaling& scaling) {
  const T factor = T(scaling.factor);
  if (scaling.kind == RopeScaling::Kind::kNone) return frequency;
  if (scaling.kind == RopeScaling::Kind::kLinear) return frequency / factor;
  const T context = T(scaling.original_positions), low = T(scaling.low_freq_factor), high = T(scaling.high_freq_factor);
  const T wavelength = T(2 * std::numbers::pi) / frequency;
  if (wavelength < context / high) return frequency;
  if (wavelength > context / low) return frequency / factor;
  const T t = (context / wavelength - low) / (high - low);
  return (1 - t) * frequency / factor + t * frequency;
}

template <class T>
std::vector<double> frequencies_in(const RopeSpec& spec) {
  std::vector<double> frequencies(std::size_t(spec.head_dim / 2));
  for (std::size_t j = 0; j < frequencies.size(); ++j) {
    const T exponent = T(2 * j) / T(spec.head_dim);
    const T period = T(std::pow(double(T(spec.theta)), double(exponent)));
    T frequency = scaled(T(1) / period, spec.scaling);
    if (!spec.factors.empty()) frequency /= T(spec.factors[j]);
    frequencies[j] = double(frequency);
  }
  return frequencies;
}

}  // namespace

std::vector<double> rope_frequencies(const RopeSpec& spec) {
  KVPROOF_CHECK(spec.head_dim > 0 && spec.head_dim % 2 == 0 && spec.theta > 0);
  check_factors(spec);
  return spec.precision == RopePrecision::kExact ? frequencies_in<double>(spec) : frequencies_in<float>(spec);
}

RopeTables add_rope_tables(Model& model, Outlet positions, std::span<const double> frequencies, RopePrecision precision,
                           DType dtype) {
  const auto add = [&](const char* name, OpPtr op, std::vector<Outlet> inputs) {
    return model.add_node(model.free_name(name), std::move(op), inputs).front();
  };
  const bool exact = precision == RopePrecision::kExact;
  Tensor numbers(exact ? DType::kF64 : DType::kF32, {1, std::int64_t(frequencies.size())});
  for (std::size_t j = 0; j < frequencies.size(); ++j) {
    if (exact) {
      numbers.as<double>()[j] = frequencies[j];
    } else {
      numbers.as<float>()[j] = float(frequencies[j]);
    }
  }
  const Outlet at = add("rope_positions", std::make_shared<Unsqueeze>(1),
                        {add("positions_as_numbers", std::make_shared<Cast>(numbers.dtype()), {positions})});
  const Outlet frequency = model.add_constant(model.free_name("rope_frequencies"), std::move(numbers));
  Outlet angles = add("rope_angles", std::make_shared<Binary>(BinaryFn::kMul), {at, frequency});
  if (!exact) angles = add("rope_angles", std::make_shared<Cast>(DType::kF64), {angles});  // of the f32 angle, exactly
  const Outlet both = add("rope_angles", std::make_shared<Concat>(1), {angles, angles});
  const auto rows = [&](const char* name, UnaryFn fn) {
    const Outlet rounded = add(name, std::make_shared<Cast>(dtype), {add(name, std::make_shared<Unary>(fn), {both})});
    return add(name, std::make_shared<Unsqueeze>(0), {add(name, std::make_shared<Unsqueeze>(0), {rounded})});
  };
  return {rows("rope_cos", UnaryFn::kCos), rows("rope_sin", UnaryFn::kSin)};
}

}  // namespace kvproof
