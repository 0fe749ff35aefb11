// What facts() of many operators check and tell.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/graph/op.h"

namespace kvproof {

// Throws Error(kMismatch) "NAME: WHY".
[[noreturn]] void refuse(const Op& op, const std::string& why);

// Throws unless there are `n` inputs.
void require_inputs(const Op& op, std::span<const Fact> inputs, std::size_t n);
// Throws unless 0 <= axis < rank.
void require_axis(const Op& op, int axis, int rank);
// Throws for more axes than a tensor may have, or a negative size.
void require_shape(const Op& op, const Fact& result);

// Whether the two are different whatever the symbols are; false says nothing.
bool surely_differ(const Dim& a, const Dim& b);
// A size that is both, an integer rather than an expression; throws if they surely differ. What cannot be told is left
// to the run.
Dim same_size(const Op& op, const Dim& a, const Dim& b, const std::string& what);
// The same where a size of 1 gives way to the other.
Dim broadcast_size(const Op& op, const Dim& a, const Dim& b, const std::string& what);

// "[1,P + S,64]"
std::string dims_text(std::span<const Dim> dims);
Dim product_of(std::span<const Dim> dims);
std::vector<Dim> substituted(std::span<const Dim> dims, const Substitution& with);

// `result` with its elements as dims where those of the first `moved` inputs are known: the operator runs on numbers of
// those elements instead of them. An element that it sets to zero is 0. The inputs behind are passed as they are; they
// must be known integers.
// REQUIRES: the operator moves elements of the first `moved` inputs only, and names no symbol.
Fact with_moved_dims(const Op& op, std::span<const Fact> inputs, std::size_t moved, Fact result);

}  // namespace kvproof
