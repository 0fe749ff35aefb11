// What element-wise operators know of elements before a run: literals, expressions over symbols, folded constants.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "engine/graph/op.h"

namespace kvproof {

// The type in which two operands meet: their own, tdim for i64 and tdim, that of the other for a literal. Of two
// literals the floating one decides, then the narrower. Throws Error(kMismatch) for other types, and for a literal that
// an integer type cannot hold.
DType common_type(const Op& op, const Fact& a, const Fact& b);

// Whether every value that `dim` takes is one of an integer type or bool, as far as can be told. A symbol counts as
// something that fits into 32 bits.
bool fits(const Dim& dim, DType type, const Assumptions& assumptions);

// An element of a result from those of its operands: none where it is no expression over symbols.
using DimFunction = std::function<std::optional<Dim>(std::span<const Dim>)>;
// None for an overflow, too: integers of a run wrap instead.
std::optional<Dim> within_64_bits(const DimFunction& element, std::span<const Dim> operands);

// `result` with its elements: each is element(operands) where those of all inputs are known as dims and it gives
// something that fits the type; else what the operator computes where all inputs are small constants.
Fact with_known_elements(const Op& op, std::span<const Fact> inputs, const Assumptions& assumptions, Fact result,
                         const DimFunction& element);

}  // namespace kvproof
