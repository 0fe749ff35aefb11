#include "properties/support/mutant.h"

#include <mutex>
#include <vector>

namespace kvproof {

std::span<const char* const> fault_classes() {
  static constexpr const char* kClasses[] = {"window",       "ring",   "truncate", "reset",      "heads",  "eviction",
                                             "quantization", "layout", "snapshot", "fork",       "prefix", "chunk",
                                             "attention",    "batch",  "layers",   "accounting", "crash"};
  return kClasses;
}

namespace mutants {

void register_all() {
  static std::once_flag once;
  std::call_once(once, [] {
    std::vector<const Strategy*> strategies;
    for (const Mutant* mutant : all()) {
      if (!mutant->waiting_for) strategies.push_back(&mutant->strategy);
    }
    add_strategies(strategies);
  });
}

}  // namespace mutants

}  // namespace kvproof
