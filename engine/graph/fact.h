// What is known of a tensor before a run: its type, its shape, and its elements where they are the same in every run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/dim.h"
#include "engine/tensor/constant.h"

namespace kvproof {

struct Fact {
  DType dtype = DType::kF32;
  std::vector<Dim> shape;
  std::shared_ptr<const Constant> constant;  // the elements, or null
  std::shared_ptr<const std::vector<Dim>>
      dims;  // the elements as expressions over symbols (integers and bools), or null

  Fact() = default;
  Fact(DType type, std::vector<Dim> dimensions) : dtype(type), shape(std::move(dimensions)) {}
  // Small integers and bools (at most kMaxDims elements) are known as dims, too.
  explicit Fact(Constant value);
  // Elements that are expressions. REQUIRES: dtype is an integer or bool; values.size() is the product of `shape`.
  static Fact of_dims(DType dtype, const Shape& shape, std::vector<Dim> values);

  static constexpr std::size_t kMaxDims = 64;

  int rank() const { return int(shape.size()); }
  // The shape, if it is the same in every run.
  std::optional<Shape> concrete_shape() const;
  // The shape of a run. Throws Error(kUsage) for a symbol without a value, Error(kMalformed) for what is no shape.
  Shape shape_under(const Bindings& symbols) const;
  Fact substitute(const Substitution& with) const;
  // Same type and shape; what is known of the elements may differ.
  bool same_kind(const Fact& other) const { return dtype == other.dtype && shape == other.shape; }
  std::string str() const;  // "f32[1,P + S,64]"
};

// The size of an axis on which a and b meet, where a size of 1 gives way to the other: an integer rather than a symbol,
// max(a, b) where nothing tells which. Null for two integers that cannot meet.
std::optional<Dim> broadcast_dim(const Dim& a, const Dim& b);

}  // namespace kvproof
