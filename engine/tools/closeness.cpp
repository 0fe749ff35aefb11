#include "engine/tools/closeness.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "engine/base/error.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

struct Named {
  std::string_view name;
  Tolerance wide, half;  // for f32 and more; for 16 bits
};

constexpr Named kNamed[] = {
    {"exact", {}, {}},
    {"close", {1e-7, 1e-7}, {1e-3, 1e-3}},
    {"approximate", {1e-4, 5e-4}, {1e-3, 5e-3}},
    {"very", {5e-2, 1e-2}, {5e-2, 1e-2}},
    {"super", {0.1, 0.05, 1e-4}, {0.1, 0.05, 1e-4}},
    {"ultra", {0.2, 0.1, 5e-4}, {0.2, 0.1, 5e-4}},
};

enum class Kind { kNumber, kBool };
Kind kind_of(DType type) { return type == DType::kBool ? Kind::kBool : Kind::kNumber; }

template <class T>
T raw(const TensorView& view, std::int64_t i) {
  return view.as<T>()[i];
}
std::uint16_t half_bits(const TensorView& view, std::int64_t i) {
  return reinterpret_cast<const std::uint16_t*>(view.data)[i];
}

// Exact for every type: 64-bit integers have their place in a long double.
long double element(const TensorView& view, std::int64_t i) {
  switch (view.dtype) {
    case DType::kF32:
      return raw<float>(view, i);
    case DType::kF16:
      return f32_from_f16(half_bits(view, i));
    case DType::kBF16:
      return f32_from_bf16(half_bits(view, i));
    case DType::kF64:
      return raw<double>(view, i);
    case DType::kI8:
      return raw<std::int8_t>(view, i);
    case DType::kU8:
      return raw<std::uint8_t>(view, i);
    case DType::kI16:
      return raw<std::int16_t>(view, i);
    case DType::kU16:
      return raw<std::uint16_t>(view, i);
    case DType::kI32:
      return raw<std::int32_t>(view, i);
    case DType::kU32:
      return raw<std::uint32_t>(view, i);
    case DType::kI64:
    case DType::kDim:
      return raw<std::int64_t>(view, i);
    case DType::kU64:
      return raw<std::uint64_t>(view, i);
    case DType::kBool:
      return raw<bool>(view, i) ? 1 : 0;
    case DType::kString:
      break;
  }
  check_failed("a tensor has elements of fixed size", __FILE__, __LINE__);
}

// By how much an element is beyond its tolerance; not above 0: it agrees.
long double excess(long double got, long double expected, const Tolerance& t) {
  if (got == expected || (std::isnan(got) && std::isnan(expected))) return 0;
  const long double beyond =
      std::fabs(got - expected) - (t.atol + static_cast<long double>(t.rtol) * std::fabs(expected));
  return std::isfinite(beyond) ? beyond : HUGE_VALL;  // a NaN or an infinity on one side
}

std::string index_text(const Shape& shape, std::int64_t flat) {
  std::string text;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    text = std::to_string(flat % shape[axis]) + (text.empty() ? "" : ",") + text;
    flat /= shape[axis];
  }
  return "[" + text + "]";
}

}  // namespace

Tolerance named_tolerance(std::string_view name, DType of_outputs) {
  std::string known;
  for (const Named& named : kNamed) {
    if (named.name == name) return size_of(of_outputs) == 2 && is_float(of_outputs) ? named.half : named.wide;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", named.name);
  }
  throw Error(ErrorCode::kUsage, fmt::format("tolerance '{}': unknown; known are {}", name, known));
}

Tolerance parse_tolerance(std::string_view text) {
  std::array<double, 3> numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [behind, error] = std::from_chars(at, end, numbers[i]);
    const bool last = i + 1 == numbers.size();
    const bool good =
        error == std::errc() && numbers[i] >= 0 && (last ? behind == end : behind < end && *behind == ',');
    if (!good) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("tolerance '{}': expected atol,rtol,outliers, each at least 0: 1e-3,1e-2,0", text));
    }
    at = behind + (last ? 0 : 1);
  }
  return {numbers[0], numbers[1], numbers[2]};
}

std::optional<std::string> difference(const TensorView& got, const TensorView& expected, const Tolerance& tolerance) {
  if (kind_of(got.dtype) != kind_of(expected.dtype)) {
    return fmt::format("is of type {}, expected {}", name_of(got.dtype), name_of(expected.dtype));
  }
  if (got.shape != expected.shape) {
    return fmt::format("has shape {}, expected {}", got.shape.str(), expected.shape.str());
  }
  const std::int64_t n = got.shape.elements();
  std::int64_t differ = 0, worst = 0;
  long double most = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const long double beyond = excess(element(got, i), element(expected, i), tolerance);
    if (beyond <= 0) continue;
    ++differ;
    if (beyond > most) {
      most = beyond;
      worst = i;
    }
  }
  if (double(differ) <= tolerance.outliers * double(n)) return std::nullopt;
  return fmt::format("{} of {} elements differ, most at {}: {} where {} is expected", differ, n,
                     index_text(got.shape, worst), double(element(got, worst)), double(element(expected, worst)));
}

}  // namespace kvproof
