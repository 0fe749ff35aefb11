// What one file of benches/ defines: a quantity, and how a cell of it is measured. To add one, add
// a file.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "benches/support/bench.h"
#include "benches/support/cell.h"
#include "engine/cache/contract.h"

namespace kvproof {

enum class Unit { kNanoseconds, kBytes };  // of both, less is better

struct Quantity {
  const char* name;     // the file's stem; what --quantity takes
  const char* summary;  // what one value is the cost of
  Unit unit;
  // Measures one cell inside an arena of cell.threads threads and returns the lines of the run
  // file, the cell itself first. Throws WrongResult, before any timing, if the output is not right.
  Lines (*measure)(const Cell& cell, Bench& bench);
  // Whether a strategy has this quantity at all. Null: every strategy has.
  bool (*applies)(const Contract& contract) = nullptr;
};

namespace quantities {

// All of them, by name.
std::span<const Quantity* const> all();

}  // namespace quantities

// Throws Error(kUsage) that lists the known names.
const Quantity& find_quantity(std::string_view name);

}  // namespace kvproof
