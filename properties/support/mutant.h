// A strategy with one deliberate fault that some law must catch, or a control: unusual and right, and every law must
// let it pass. One file of mutants/ defines one; its stem is the strategy's name.
#pragma once

#include <span>
#include <string_view>

#include "engine/cache/strategy.h"

namespace kvproof {

enum class Role { kMutant, kControl };

struct Mutant {
  Strategy strategy;
  const char* fault;        // one sentence: what is wrong (of a control: what is unusual)
  const char* source;       // where the fault was seen
  const char* fault_class;  // "layout", "attention", "quantization", "snapshot", "accounting", ...
  Role role = Role::kMutant;
};

namespace mutants {
// All of them, by name.
std::span<const Mutant* const> all();
// Makes them known to find_strategy, so that a replay file can name one. Once; later calls do nothing.
void register_all();
}  // namespace mutants

}  // namespace kvproof
