// What is known of a tensor as a function of its indices, for tensors that masks are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/graph/fact.h"

namespace kvproof {

// The integer constant + sum over axes of along[axis] * index[axis]: positions and shapes.
struct Affine {
  std::vector<std::int64_t> along;  // [rank]
  Dim constant;
};

// A step function of x = sum over axes of along[axis] * index[axis]: values[0] for x < from[0], values[k] for
// from[k - 1] <= x < from[k], and so on. One value: a constant. Bools are 0 and 1.
struct Steps {
  std::vector<std::int64_t> along;  // [rank]; the last one that is not 0 is positive
  std::vector<double> values;       // [pieces]
  std::vector<Dim> from;            // [pieces - 1], ascending

  bool is_constant() const { return values.size() == 1; }
};

// sum + factor * number, for coefficients. Throws Error(kMalformed) if it leaves 64 bits, as Dim does.
std::int64_t plus_product(std::int64_t sum, std::int64_t factor, std::int64_t number);

// Neither, and why: "depends on the input 'attention_mask'".
struct Unknown {
  std::string reason;
};

using MaskValue = std::variant<Affine, Steps, Unknown>;

// The indices that exist, and what is known of the symbols in their number.
struct Box {
  const std::vector<Dim>& shape;
  const Assumptions& assumptions;
};

// `dim` with minima and maxima resolved where the assumptions tell which operand it is.
Dim settled(const Dim& dim, const Assumptions& assumptions);

// Whether the index along `axis` matters.
bool depends_on(const MaskValue& value, std::size_t axis);
Steps constant_steps(double value, std::size_t rank);
// A constant as steps, steps as they are; else nothing.
std::optional<Steps> as_steps(const MaskValue& value);
// Positions as they are, a constant integer as such; else nothing.
std::optional<Affine> as_affine(const MaskValue& value);

// Whether `value` >= `bound`, as bools over the box.
Steps at_least(const Affine& value, const Dim& bound, const Box& box);
// fn of both, element by element; nothing if they step along different sums of indices, or if it is not known which
// step comes first.
std::optional<Steps> combine(const Steps& a, const Steps& b, double (*fn)(double, double), const Assumptions&);
Steps mapped(Steps steps, double (*fn)(double));

// The value of another tensor whose element at an index is that of this one at index_of[axis](index), axis by axis.
MaskValue reindexed(const MaskValue& value, std::span<const Affine> index_of, std::size_t rank);
// Without steps that no index of the box reaches, and without the index of axes of length 1, which is 0.
MaskValue trimmed(MaskValue value, const Box& box);

// The elements of a constant, or elements known as dims; nothing if they follow no such function.
std::optional<MaskValue> fitted(const Fact& fact);

}  // namespace kvproof
