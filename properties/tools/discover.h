// kvproof verify --discover: the strongest contract that the laws let a strategy claim, found by claiming it.
#pragma once

#include <string>
#include <vector>

#include "properties/tools/proposal.h"
#include "properties/tools/schedule.h"

namespace kvproof {

struct Discovery {
  const Shadow* shadow = nullptr;  // claims what held; lives as long as the program, whose table of strategies has it
  std::vector<std::string> notes;  // what could not be found, and what no law spoke of
  std::vector<std::string> differences;  // from what the strategy's own contract claims; empty: it is the same
  std::string memory;                    // bytes a token, in a sentence
  std::vector<Outcome> outcomes;         // every law on the shadow
};

// Claims one thing after the other, the strongest first, on a strategy that does what `subject` does, and asks the laws
// that speak of it; then asks all `laws`. Spelled parameters stay. What a contract can only say of numbers beyond the
// lengths that laws draw stays unknown. REQUIRES: as run_jobs.
Discovery discover(const Subject& subject, const std::vector<const Law*>& laws, const Effort& effort);

// The contract as C++, what it says beside the present one, and every law in one line.
std::string discovery_text(const Discovery& discovery);

}  // namespace kvproof
