// Whether a tensor is what was expected, within a tolerance that has a name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/tensor/tensor.h"

namespace kvproof {

// An element agrees if |got - expected| <= atol + rtol * |expected|. A NaN agrees with a NaN, an infinity with itself.
// At most the share `outliers` of all elements may disagree.
struct Tolerance {
  double atol = 0, rtol = 0, outliers = 0;
};

// One of tract's: exact, close, approximate, very, super, ultra; outputs of 16-bit floats have wider ones of their own.
// Throws Error(kUsage).
Tolerance named_tolerance(std::string_view name, DType of_outputs);
// "1e-3,1e-2,0": atol, rtol and the share of outliers. Throws Error(kUsage).
Tolerance parse_tolerance(std::string_view text);

// Empty where they agree. Else in one line what differs: the type of number or the shape; or how many elements, the
// worst of them, its index and both values. Numbers of different types are compared by value.
std::optional<std::string> difference(const TensorView& got, const TensorView& expected, const Tolerance& tolerance);

}  // namespace kvproof
