// What the stateful operators share: where a cache stands in its model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/ops/kv_cache_ops.h"

namespace kvproof {

// Whether a substitution changes the site.
bool names_symbol(const CacheSite& site, const Substitution& with);

// What a cache gives for new rows: the input with the past in front. Throws Error(kMismatch) for an input that is not
// of the site.
Fact grown(const Op& op, const CacheSite& site, const Fact& input);

// A shape with another extent on one axis.
Shape with_extent(const Shape& shape, int axis, std::int64_t extent);

// Throws Error(kMismatch) unless a turn gives the shape that its symbols promise: a past length of the model that is
// not that of the state.
void require_promised(const Op& op, const Shape& shape, const Evaluation& e);

// What a state with `tokens` tokens tells of the past length.
std::optional<PastLength> past_length(const std::optional<std::string>& symbol, std::int64_t tokens);

}  // namespace kvproof
