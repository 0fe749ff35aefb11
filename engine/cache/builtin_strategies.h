// The strategies of engine/strategies/, as the build collects them.
#pragma once

#include <span>

#include "engine/cache/strategy.h"

namespace kvproof {

std::span<const Strategy* const> builtin_strategies();  // by name

}  // namespace kvproof
