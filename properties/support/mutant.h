// A strategy with one deliberate fault that some law must catch, or a control: unusual and right, and every law must
// let it pass. One file of mutants/ defines one; its stem is the strategy's name.
#pragma once

#include <span>
#include <string>

#include "engine/cache/strategy.h"

namespace kvproof {

enum class Role { kMutant, kControl };

// A fault as it would be told to the maintainers of the library that has it.
struct Defect {
  std::string library;   // "tract 0.23, fuse_window_kv_sdpa"
  std::string law;       // that tells it best: its counterexample is always made small, and shown
  std::string input;     // a few lines of numbers that anybody can type in
  std::string expected;  // what float64 attention gives
  std::string actual;    // what the subject gives, computed now
};

struct Mutant {
  Strategy strategy;
  const char* fault;        // one sentence: what is wrong (of a control: what is unusual)
  const char* source;       // where the fault was seen: "mlx-lm #390"
  const char* fault_class;  // one of fault_classes()
  Role role = Role::kMutant;
  Defect (*defect)() = nullptr;  // where the source is a released library whose maintainers can be told
  const char* waiting_for =
      nullptr;  // the capability that the fault needs and that nothing has yet; then no strategy.make
};

// Every class of faults, in the order in which they are reported.
std::span<const char* const> fault_classes();

namespace mutants {
// All of them, by name.
std::span<const Mutant* const> all();
// Makes them known to find_strategy, so that a replay file can name one. Once; later calls do nothing.
void register_all();
}  // namespace mutants

}  // namespace kvproof
