#include "engine/ops/convert.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/base/parallel.h"
#include "engine/ops/element.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr std::int64_t kBlock = 1024, kGrain = 32 * kBlock;

template <class To, class From>
To element(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    using Limits = std::numeric_limits<To>;
    if (x != x) return 0;
    if (x <= From(Limits::min())) return Limits::min();
    return x >= From(Limits::max()) ? Limits::max() : To(x);
  } else {
    return To(x);
  }
}

// Towards zero, with the last bit set where anything is lost: a rounding to 16 bits behind it is as if it were the only
// one.
template <class From>
float sticky(From x) {
  const float nearest = float(x);
  using Exact = long double;
  if (x != x || Exact(nearest) == Exact(x)) return nearest;
  std::uint32_t bits = std::bit_cast<std::uint32_t>(nearest);
  if (std::abs(Exact(nearest)) > std::abs(Exact(x))) --bits;
  return std::bit_cast<float>(bits | 1);
}

template <class From, class To>
void convert_native(const From* from, std::int64_t n, To* to) {
  std::transform(from, from + n, to, [](From x) { return element<To>(x); });
}

template <class From>
void convert_block(const From* from, std::int64_t n, DType type, std::byte* to) {
  if (is_half(type)) {
    float wide[kBlock];
    std::transform(from, from + n, wide, [](From x) { return sticky(x); });
    return from_f32(type, wide, n, to);
  }
  visit_native(type, [&]<class To>(std::type_identity<To>) { convert_native(from, n, reinterpret_cast<To*>(to)); });
}

// REQUIRES: n <= kBlock.
void convert_block(DType from_type, const std::byte* from, std::int64_t n, DType type, std::byte* to) {
  if (is_half(from_type)) {
    float wide[kBlock];
    to_f32(from_type, from, n, wide);
    return is_half(type) ? from_f32(type, wide, n, to) : convert_block(wide, n, type, to);
  }
  if (from_type == DType::kF32 && is_half(type)) return from_f32(type, reinterpret_cast<const float*>(from), n, to);
  visit_native(from_type, [&]<class From>(std::type_identity<From>) {
    convert_block(reinterpret_cast<const From*>(from), n, type, to);
  });
}

void convert(const TensorView& from, const MutableTensorView& to) {
  KVPROOF_CHECK(from.shape.elements() == to.shape.elements());
  const std::int64_t n = from.shape.elements();
  const auto range = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kBlock) {
      convert_block(from.dtype, from.data + i * std::int64_t(size_of(from.dtype)), std::min(kBlock, end - i), to.dtype,
                    to.data + i * std::int64_t(size_of(to.dtype)));
    }
  };
  if (n <= kGrain) return range(0, n);
  parallel_for(n, kGrain, range);
}

}  // namespace

Tensor converted(const TensorView& from, DType type) {
  Tensor result(type, from.shape);
  convert(from, result.view());
  return result;
}

Value converted(const Value& value, DType type, Evaluation& evaluation) {
  if (value.dtype() == type) return value;
  if (counts(value.dtype()) && counts(type)) return value.reinterpreted(type);
  Tensor result = evaluation.temporary(type, value.shape());
  convert(value, result.view());
  return evaluation.share(std::move(result));
}

}  // namespace kvproof
