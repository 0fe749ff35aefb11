#include "engine/nnef/constants.h"

#include <cmath>
#include <functional>

namespace kvproof::nnef {
namespace {

// Nested arrays of the shape, element by element in row-major order.
Expr nested(const Shape& shape, const std::function<Expr(std::int64_t)>& element) {
  std::int64_t next = 0;
  const std::function<Expr(int)> level = [&](int axis) {
    if (axis == shape.rank()) return element(next++);
    std::vector<Expr> items;
    for (std::int64_t i = 0; i < shape[axis]; ++i) items.push_back(level(axis + 1));
    return list(std::move(items));
  };
  return level(0);
}

Expr cast(Expr value, DType to) {
  std::vector<Expr> operand;
  operand.push_back(std::move(value));
  return call("tract_core_cast", std::move(operand)).with("to", dtype(to));
}

std::optional<Expr> inline_floats(const Shape& shape, const float* values) {
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    if (std::isnan(values[i])) return std::nullopt;
  }
  return nested(shape, [&](std::int64_t i) { return number(values[i]); });
}

template <class T>
Expr inline_integers(const Tensor& tensor) {
  const T* values = tensor.as<T>();
  return nested(tensor.shape(), [&](std::int64_t i) { return integer(std::int64_t(values[i])); });
}

std::optional<Expr> inline_integers(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kI8:
      return inline_integers<std::int8_t>(tensor);
    case DType::kU8:
      return inline_integers<std::uint8_t>(tensor);
    case DType::kI16:
      return inline_integers<std::int16_t>(tensor);
    case DType::kU16:
      return inline_integers<std::uint16_t>(tensor);
    case DType::kI32:
      return inline_integers<std::int32_t>(tensor);
    case DType::kU32:
      return inline_integers<std::uint32_t>(tensor);
    case DType::kI64:
    case DType::kDim:
      return inline_integers<std::int64_t>(tensor);
    default:
      return std::nullopt;
  }
}

bool says_itself(const std::string& value) {
  const Expr literal = text(value);
  return literal.text == value;
}

}  // namespace

std::optional<Expr> inline_constant(const Constant& value, std::int64_t most) {
  const Shape& shape = value.shape();
  const bool is_dim = value.dtype() == DType::kDim;
  if (shape.elements() == 0 || (shape.elements() > most && !is_dim) || value.blocks() != nullptr) return std::nullopt;
  if (const Strings* strings = value.strings()) {
    for (const std::string& s : strings->values) {
      if (!says_itself(s)) return std::nullopt;
    }
    return nested(shape, [&](std::int64_t i) { return text(strings->values[std::size_t(i)]); });
  }
  const Tensor& tensor = *value.tensor();
  if (value.dtype() == DType::kF32) return inline_floats(shape, tensor.as<float>());
  if (value.dtype() == DType::kF16) {
    const Tensor wide = to_dtype(tensor, DType::kF32);
    auto floats = inline_floats(shape, wide.as<float>());
    if (!floats) return std::nullopt;
    return cast(std::move(*floats), DType::kF16);
  }
  auto integers = inline_integers(tensor);
  if (!integers || is_dim) return integers;
  return cast(std::move(*integers), value.dtype());
}

Expr inline_dims(DType dtype, const Shape& shape, const std::vector<Dim>& values) {
  Expr array = nested(shape, [&](std::int64_t i) { return dimension(values[std::size_t(i)]); });
  return dtype == DType::kDim ? array : cast(std::move(array), dtype);
}

std::string debug_name(DType type) {
  if (type == DType::kDim) return "TDim";
  std::string name(name_of(type));
  const bool is_word = type == DType::kBool || type == DType::kString;  // Bool, String; the others F32, I64, ...
  for (std::size_t i = 0; i < (is_word ? 1 : name.size()); ++i) {
    if (name[i] >= 'a' && name[i] <= 'z') name[i] = char(name[i] - 'a' + 'A');
  }
  return name;
}

}  // namespace kvproof::nnef
