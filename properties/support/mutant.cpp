#include "properties/support/mutant.h"

#include <mutex>
#include <vector>

namespace kvproof::mutants {

void register_all() {
  static std::once_flag once;
  std::call_once(once, [] {
    std::vector<const Strategy*> strategies;
    for (const Mutant* mutant : all()) strategies.push_back(&mutant->strategy);
    add_strategies(strategies);
  });
}

}  // namespace kvproof::mutants
