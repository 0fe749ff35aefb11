// Dimensions, and statements on them, from text as people and files write them: "2*(P + S)", "S+P < 4096".
#pragma once

#include <string_view>
#include <vector>

#include "engine/graph/dim.h"

namespace kvproof {

// A statement on two dims: what is compared, and how.
struct Comparison {
  enum class Relation { kAtLeast, kGreater, kAtMost, kLess, kEqual } relation;
  Dim left, right;

  // The dims that are at least 0 if it is true, and only then.
  std::vector<Dim> nonnegative() const;
  Comparison substitute(const Substitution& with) const;
  std::string str() const;  // "P + S < 4096"
};

// Integers, symbols, + - * /, min(a, b), max(a, b), parentheses; blanks do not count. Both throw Error(kMalformed)
// with the column of what was not expected, counted from 1, and for text that is too long or nested too deep.
Dim parse_dim(std::string_view text);
// Two dims with >=, >, <=, < or == between them.
Comparison parse_comparison(std::string_view text);

}  // namespace kvproof
