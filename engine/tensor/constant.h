// What a file may hold under one name: plain elements, strings, or blocks of quantised values.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/tensor/tensor.h"

namespace kvproof {

struct Strings {
  Shape shape;
  std::vector<std::string> values;  // [shape.elements()], row-major, UTF-8
};

// GGML's q4_0: blocks of 32 values of 18 bytes, an f16 scale and 16 bytes whose low nibble is element i and whose high
// nibble is element i + 16; a value is (nibble - 8) * scale. Blocks run along the flattened axes behind the first.
struct Q4Blocks {
  static constexpr std::int64_t kValues = 32, kBytes = 18;
  Shape shape;   // of the values
  Buffer bytes;  // shape.elements() / 32 * 18

  // Whether blocks can hold that shape: its elements behind the first axis are a multiple of 32.
  static bool fits(const Shape& shape);
  // Of f32; beyond 8 * 65504, which the scale cannot reach, values saturate. REQUIRES: fits(values.shape); finite.
  static Q4Blocks encode(const TensorView& values);
  Tensor decode() const;  // f32
};

// Immutable; a copy shares the content.
class Constant {
 public:
  Constant(Tensor tensor);    // NOLINT(google-explicit-constructor)
  Constant(Strings strings);  // NOLINT(google-explicit-constructor)
  Constant(Q4Blocks blocks);  // NOLINT(google-explicit-constructor)

  DType dtype() const;  // of what an operator sees: f32 for Q4Blocks, kString for Strings
  const Shape& shape() const;
  // What an operator sees; Q4Blocks are decoded once, when first asked for. REQUIRES: no Strings.
  const std::shared_ptr<const Tensor>& tensor() const;
  const Strings* strings() const;                                // null if it is something else
  const Q4Blocks* blocks() const;                                // null if it is something else
  friend bool operator==(const Constant& a, const Constant& b);  // kind, shape and bytes (NaNs by their bits)

 private:
  struct Content;
  std::shared_ptr<Content> content_;
};

}  // namespace kvproof
