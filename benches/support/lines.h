// The lines that a cell leaves in the run file; see reports/run_format.md.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "benches/support/cell.h"

namespace kvproof {

struct Measured {
  std::string quantity;             // as the run format names it
  std::span<const double> samples;  // ns per call, one per round
  int calls = 1;                    // in one sub-sample
  std::int64_t held = 0;            // T
  std::int64_t arriving = 1;        // S
  std::size_t cache_bytes = 0;
};

// A line of kind "bench": the samples of a cell whose output was checked.
nlohmann::json bench_line(const Cell& cell, const Measured& measured);
nlohmann::json shape_json(const Geometry& geometry);

}  // namespace kvproof
