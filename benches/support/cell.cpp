#include "benches/support/cell.h"

#include <fmt/format.h>

#include "benches/support/quantity.h"

namespace kvproof {

const char* name_of(Residency residency) { return residency == Residency::kCold ? "cold" : "hot"; }

std::string Cell::name() const {
  return fmt::format("{}/{}/T={}/threads={}/{}/{}/{}", quantity->name, strategy, tokens, threads, str(geometry),
                     kvproof::name_of(dtype), kvproof::name_of(residency));
}

}  // namespace kvproof
