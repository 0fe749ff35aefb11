#include "benches/support/cell.h"

#include <fmt/format.h>

#include "benches/support/quantity.h"

namespace kvproof {

const char* name_of(Residency residency) { return residency == Residency::kCold ? "cold" : "hot"; }

std::string Cell::name() const {
  const std::string size = nodes > 0 ? fmt::format("nodes={}", nodes) : fmt::format("T={}", tokens);
  return fmt::format("{}/{}/{}/threads={}/{}/{}/{}", quantity->name, strategy, size, threads, str(geometry),
                     kvproof::name_of(dtype), kvproof::name_of(residency));
}

}  // namespace kvproof
