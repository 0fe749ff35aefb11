// Constants as functions of their indices: positions, and masks that an exporter stored as a table.
#include <cmath>

#include "engine/rewrite/mask_value.h"

namespace kvproof {
namespace {

constexpr std::size_t kMaxPieces = 4;  // a mask has three at most; more values are positions

// The elements of a tensor, one by one.
class Elements {
 public:
  explicit Elements(const TensorView& view) : view_(view) {
    if (is_float(view.dtype) && view.dtype != DType::kF32) {
      rounded_ = to_dtype(view, DType::kF32);
      view_ = rounded_.view();
    }
  }
  std::int64_t count() const { return view_.shape.elements(); }
  double operator[](std::int64_t i) const {
    switch (view_.dtype) {
      case DType::kF32:
        return double(view_.as<float>()[i]);
      case DType::kF64:
        return view_.as<double>()[i];
      case DType::kBool:
        return view_.as<bool>()[i] ? 1 : 0;
      case DType::kI64:
      case DType::kDim:
        return double(view_.as<std::int64_t>()[i]);
      case DType::kI32:
        return double(view_.as<std::int32_t>()[i]);
      default:
        return std::nan("");  // no type that masks and positions have
    }
  }

 private:
  Tensor rounded_;
  TensorView view_;
};

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(std::size_t(shape.rank()), 1);
  for (int axis = shape.rank() - 2; axis >= 0; --axis) {
    strides[std::size_t(axis)] = strides[std::size_t(axis) + 1] * shape[axis + 1];
  }
  return strides;
}

std::int64_t index_along(std::int64_t element, std::size_t axis, const Shape& shape,
                         const std::vector<std::int64_t>& strides) {
  return element / strides[axis] % shape[int(axis)];
}

// Elements that depend on the sum of along[axis] * index[axis] alone, as steps of it.
std::optional<Steps> as_steps_along(const Elements& elements, const Shape& shape, std::vector<std::int64_t> along) {
  const auto strides = strides_of(shape);
  std::int64_t low = 0, high = 0;
  for (std::size_t axis = 0; axis < along.size(); ++axis) {
    (along[axis] < 0 ? low : high) += along[axis] * (shape[int(axis)] - 1);
  }
  std::vector<double> value_at(std::size_t(high - low + 1), std::nan(""));  // every sum from low to high occurs
  const int last = shape.rank() - 1;
  const std::int64_t row = last < 0 ? 1 : shape[last], step = last < 0 ? 0 : along[std::size_t(last)];
  for (std::int64_t first = 0; first < elements.count(); first += row) {
    std::int64_t x = -low;
    for (std::size_t axis = 0; axis < along.size(); ++axis) x += along[axis] * index_along(first, axis, shape, strides);
    for (std::int64_t e = first; e < first + row; ++e, x += step) {
      double& value = value_at[std::size_t(x)];
      if (std::isnan(value)) value = elements[e];
      if (value != elements[e]) return std::nullopt;
    }
  }
  Steps steps{std::move(along), {value_at[0]}, {}};
  for (std::int64_t x = low; x <= high; ++x) {
    const double value = value_at[std::size_t(x - low)];
    if (value == steps.values.back()) continue;
    steps.values.push_back(value);
    steps.from.push_back(x);
    if (steps.values.size() > kMaxPieces) return std::nullopt;
  }
  return steps;
}

std::optional<MaskValue> fitted_steps(const Elements& elements, const Shape& shape) {
  const std::size_t rank = std::size_t(shape.rank());
  std::vector<std::vector<std::int64_t>> forms = {std::vector<std::int64_t>(rank, 0)};
  for (std::size_t b = rank; b-- > 0;) {
    if (shape[int(b)] == 1) continue;
    forms.push_back(forms[0]);
    forms.back()[b] = 1;
    for (std::size_t a = b; a-- > 0;) {
      if (shape[int(a)] == 1) continue;
      forms.push_back(forms[0]);
      forms.back()[b] = 1;
      forms.back()[a] = -1;
    }
  }
  for (const auto& along : forms) {
    if (auto steps = as_steps_along(elements, shape, along)) return *steps;
  }
  return std::nullopt;
}

// Elements that are constant + sum of along[axis] * index[axis].
template <class ElementAt>
std::optional<MaskValue> fitted_affine(const Shape& shape, ElementAt at) {
  const auto strides = strides_of(shape);
  Affine affine{std::vector<std::int64_t>(std::size_t(shape.rank()), 0), at(0)};
  for (std::size_t axis = 0; axis < affine.along.size(); ++axis) {
    if (shape[int(axis)] == 1) continue;
    const auto step = (at(strides[axis]) - affine.constant).integer();
    if (!step) return std::nullopt;
    affine.along[axis] = *step;
  }
  for (std::int64_t e = 0; e < shape.elements(); ++e) {
    Dim expected = affine.constant;
    for (std::size_t axis = 0; axis < affine.along.size(); ++axis) {
      expected = expected + Dim(affine.along[axis]) * Dim(index_along(e, axis, shape, strides));
    }
    if (!(at(e) == expected)) return std::nullopt;
  }
  return affine;
}

bool are_positions(const Elements& elements) {
  constexpr double kExact = 16777216;  // 2^24, from where f32 skips integers
  for (std::int64_t e = 0; e < elements.count(); ++e) {
    if (!(std::abs(elements[e]) < kExact) || elements[e] != std::trunc(elements[e])) return false;
  }
  return true;
}

}  // namespace

std::optional<MaskValue> fitted(const Fact& fact) {
  const std::optional<Shape> shape = fact.concrete_shape();
  if (!shape || shape->elements() == 0) return std::nullopt;
  if (fact.dims && fact.dtype != DType::kBool) {
    return fitted_affine(*shape, [&](std::int64_t e) { return (*fact.dims)[std::size_t(e)]; });
  }
  if (!fact.constant || fact.dtype == DType::kString) return std::nullopt;
  const Elements elements(fact.constant->tensor()->view());
  const bool counts = is_integer(fact.dtype);
  if (!counts) {
    if (auto steps = fitted_steps(elements, *shape)) return steps;
  }
  if (are_positions(elements)) {
    const auto at = [&](std::int64_t e) { return Dim(std::int64_t(elements[e])); };
    if (auto affine = fitted_affine(*shape, at)) return affine;
  }
  return counts ? fitted_steps(elements, *shape) : std::nullopt;
}

}  // namespace kvproof
