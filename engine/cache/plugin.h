// Strategies from a shared object. kvproof_add_strategy(my.cpp) in CMake builds one.
#pragma once

#include <cstdint>
#include <string>

#include "engine/cache/strategy.h"

namespace kvproof {

// Raised whenever Strategy, Contract, KvCache or SegmentedCache change. The first thing a plug-in hands over: a plug-in
// built against other headers would crash at the second.
inline constexpr std::uint32_t kPluginAbi = 2;

// What a plug-in exports, with C linkage:
//   std::uint32_t kvproof_plugin_abi();
//   const kvproof::Strategy* const* kvproof_plugin_strategies(int* count);

// Loads the shared object and adds its strategies. It stays loaded. Throws Error: not found, not a plug-in, another
// ABI number, a name that is taken.
void load_plugin(const std::string& path);

}  // namespace kvproof
