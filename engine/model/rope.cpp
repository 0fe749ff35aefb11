#include "engine/model/rope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/base/parallel.h"

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

RopeTables rope_tables(std::span<const double> frequencies, std::span<const std::int64_t> positions,
                       RopePrecision precision) {
  KVPROOF_CHECK(std::ranges::all_of(positions, [](std::int64_t position) { return position >= 0; }));
  const std::int64_t rows = std::int64_t(positions.size()), half = std::int64_t(frequencies.size());
  RopeTables tables{Tensor(DType::kF32, {rows, 2 * half}), Tensor(DType::kF32, {rows, 2 * half})};
  float* const cos = tables.cos.as<float>();
  float* const sin = tables.sin.as<float>();
  constexpr std::int64_t kGrain = 16;
  parallel_for(rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t position = positions[std::size_t(row)];
      for (std::int64_t j = 0; j < half; ++j) {
        const double frequency = frequencies[std::size_t(j)];
        const double angle = precision == RopePrecision::kExact ? double(position) * frequency
                                                                : double(float(position) * float(frequency));
        const std::int64_t at = row * 2 * half + j;
        cos[at] = cos[at + half] = float(std::cos(angle));
        sin[at] = sin[at + half] = float(std::sin(angle));
      }
    }
  });
  return tables;
}

}  // namespace kvproof
