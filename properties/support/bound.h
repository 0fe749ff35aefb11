// The bound of a contract, and parameters that raise it: for laws on what a bound does and on what it does not.
#pragma once

#include <string>

#include "engine/cache/strategy.h"

namespace kvproof {

// The most tokens of which a cache loses nothing: all are visible, held and in full precision. VisibleRule::kAll if
// there is no bound.
Position bound_of(const Contract& contract);

// `params` with a bound of at least `tokens`, or with the largest that raising one parameter after the other gives;
// other parameters stay. Exactly `tokens` where the parameters allow it. Bounds that are large enough stay.
Params raise_bound(const Params& params, Position tokens);

// Every integer parameter times `factor`; unchanged if one leaves its range or they do not go together.
Params scaled(const Params& params, std::int64_t factor);

// The spec of the cache that loses nothing beside one of `contract`: plain concatenation, rounded to the same dtype.
std::string concat_beside(const Contract& contract);

}  // namespace kvproof
