#include "engine/graph/fact.h"

#include <limits>

#include "engine/base/error.h"

namespace kvproof {
namespace {

template <class T>
std::vector<Dim> as_dims(const Tensor& tensor) {
  return {tensor.as<T>(), tensor.as<T>() + tensor.shape().elements()};
}

// Null where an element is beyond what a dim holds.
std::shared_ptr<const std::vector<Dim>> large_as_dims(const Tensor& tensor) {
  const std::uint64_t* first = tensor.as<std::uint64_t>();
  std::vector<Dim> dims;
  for (std::int64_t i = 0; i < tensor.shape().elements(); ++i) {
    if (first[i] > std::uint64_t(std::numeric_limits<std::int64_t>::max())) return nullptr;
    dims.emplace_back(std::int64_t(first[i]));
  }
  return std::make_shared<const std::vector<Dim>>(std::move(dims));
}

std::shared_ptr<const std::vector<Dim>> elements_of(const Constant& constant) {
  if (constant.shape().elements() > std::int64_t(Fact::kMaxDims)) return nullptr;
  const auto made = [](std::vector<Dim> dims) { return std::make_shared<const std::vector<Dim>>(std::move(dims)); };
  switch (constant.dtype()) {
    case DType::kBool:
      return made(as_dims<bool>(*constant.tensor()));
    case DType::kI8:
      return made(as_dims<std::int8_t>(*constant.tensor()));
    case DType::kU8:
      return made(as_dims<std::uint8_t>(*constant.tensor()));
    case DType::kI16:
      return made(as_dims<std::int16_t>(*constant.tensor()));
    case DType::kU16:
      return made(as_dims<std::uint16_t>(*constant.tensor()));
    case DType::kI32:
      return made(as_dims<std::int32_t>(*constant.tensor()));
    case DType::kU32:
      return made(as_dims<std::uint32_t>(*constant.tensor()));
    case DType::kU64:
      return large_as_dims(*constant.tensor());
    case DType::kI64:
    case DType::kDim:
      return made(as_dims<std::int64_t>(*constant.tensor()));
    default:
      return nullptr;
  }
}

}  // namespace

Fact::Fact(Constant value)
    : dtype(value.dtype()), shape(value.shape().dims().begin(), value.shape().dims().end()), dims(elements_of(value)) {
  constant = std::make_shared<const Constant>(std::move(value));
}

Fact Fact::of_dims(DType dtype, const Shape& shape, std::vector<Dim> values) {
  KVPROOF_CHECK(is_integer(dtype) || dtype == DType::kBool);
  KVPROOF_CHECK(std::int64_t(values.size()) == shape.elements());
  Fact fact(dtype, {shape.dims().begin(), shape.dims().end()});
  fact.dims = std::make_shared<const std::vector<Dim>>(std::move(values));
  return fact;
}

std::optional<Shape> Fact::concrete_shape() const {
  std::vector<std::int64_t> sizes;
  for (const Dim& dim : shape) {
    const std::optional<std::int64_t> size = dim.integer();
    if (!size) return std::nullopt;
    sizes.push_back(*size);
  }
  std::int64_t elements = 0;
  if (!Shape::count(sizes, elements)) return std::nullopt;
  return Shape(sizes);
}

Shape Fact::shape_under(const Bindings& symbols) const {
  std::vector<std::int64_t> sizes;
  for (const Dim& dim : shape) {
    const std::optional<std::int64_t> size = dim.integer();
    sizes.push_back(size ? *size : dim.evaluate(symbols));
  }
  std::int64_t elements = 0;
  if (Shape::count(sizes, elements)) return Shape(sizes);
  std::string text;
  for (const std::int64_t size : sizes) text += (text.empty() ? "" : ",") + std::to_string(size);
  throw Error(ErrorCode::kMalformed, str() + " would be [" + text + "], which is no shape");
}

Fact Fact::substitute(const Substitution& with) const {
  Fact result(*this);
  for (Dim& dim : result.shape) dim = dim.substitute(with);
  if (dims) {
    std::vector<Dim> values(*dims);
    for (Dim& dim : values) dim = dim.substitute(with);
    result.dims = std::make_shared<const std::vector<Dim>>(std::move(values));
  }
  return result;
}

std::string Fact::str() const {
  std::string text(name_of(dtype));
  for (const Dim& dim : shape) text += (&dim == shape.data() ? "[" : ",") + dim.str();
  return text + (shape.empty() ? "[]" : "]");
}

std::optional<Dim> broadcast_dim(const Dim& a, const Dim& b) {
  if (a == b || b.is(1)) return a;
  if (a.is(1)) return b;
  const std::optional<std::int64_t> x = a.integer(), y = b.integer();
  if (x && y) return std::nullopt;
  if (x && *x > 1) return a;
  if (y && *y > 1) return b;
  return max(a, b);
}

}  // namespace kvproof
