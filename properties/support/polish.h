// The second search for a simpler case: RapidCheck changes one thing at a time, and stops at the first case where no
// single change helps.
#pragma once

#include <functional>

#include "properties/support/draw.h"

namespace kvproof {

// The simplest case that was found from `c` on, itself broken. `broken` tries a case; it may say no to every further
// one, which ends the search.
Case polished(const Law& law, const Subject* subject, Case c, const std::function<bool(const Case&)>& broken);

}  // namespace kvproof
