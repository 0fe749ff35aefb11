// Constants as expressions of a text.
#pragma once

#include <optional>

#include "engine/nnef/ast.h"
#include "engine/tensor/constant.h"

namespace kvproof::nnef {

// The constant in the text: f32 and strings as they are, f16 and integers through a cast, dimensions always; nothing
// where it has more than `most` elements, is empty, or has a value that no text says.
std::optional<Expr> inline_constant(const Constant& value, std::int64_t most);
// A tensor of expressions; types other than tdim through a cast.
Expr inline_dims(DType dtype, const Shape& shape, const std::vector<Dim>& values);
// As tract's Debug prints a type, for inputs: "F32", "TDim".
std::string debug_name(DType type);

}  // namespace kvproof::nnef
