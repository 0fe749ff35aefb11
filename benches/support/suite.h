// Which cells a run has: the suites as data, narrowed by what the command line says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "benches/support/cell.h"

namespace kvproof {

inline constexpr Geometry kPlainShape = {.batch = 1, .q_heads = 8, .kv_heads = 8, .d = 128, .dv = 128};

// What the command line fixes in every cell; what is empty is left to the suite.
struct Selection {
  std::string suite = "quick";  // quick, full or model
  std::vector<std::string> quantities, strategies;
  std::vector<Position> tokens;
  std::vector<std::int64_t> nodes;
  std::vector<int> threads;
  std::optional<Geometry> shape;
  std::optional<DType> dtype;
  std::vector<std::string> caches;  // of whole models, as `kvproof generate --cache` spells them
};

// The strategies with their defaults, plug-ins included, and the variants that the report compares.
std::vector<std::string> every_strategy();

// What the caches of a cold cell hold together: 192 MiB, which is beyond what a core's share of a
// last-level cache holds; in the full suite as much as all of that cache, within 192 and 512 MiB.
// Whether it was enough shows in the read bandwidth over the same bytes, which stands beside every
// decode cell.
std::size_t cold_bytes(const std::string& suite, std::size_t last_level_cache_bytes);

// The cells of a suite, none twice, in the order in which they are measured. Throws Error(kUsage)
// for an unknown suite, quantity or strategy, and for an impossible shape.
Cells select_cells(const Selection& selection);

}  // namespace kvproof
