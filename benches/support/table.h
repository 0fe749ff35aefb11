// The compact table that ends a run.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

namespace kvproof {

// Prints lines of kind "bench" and "memory" to standard output, aligned, in the order given.
void print_table(std::span<const nlohmann::json> lines);

}  // namespace kvproof
