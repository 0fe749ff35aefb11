// The lines that a cell leaves in the run file; see reports/run_format.md.
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "benches/support/cell.h"

namespace kvproof {

class MeasuredModel;
class ReadBandwidthArm;

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
// A line of kind "model": the same of a whole model. What it does not say of a cell is 0 in `measured`.
nlohmann::json model_line(const Cell& cell, const MeasuredModel& model, const Measured& measured);
// A line of kind "limit": the read bandwidth that was measured in the rounds of a cell.
nlohmann::json limit_line(const Cell& cell, const ReadBandwidthArm& reader, std::span<const double> ns);
nlohmann::json shape_json(const Geometry& geometry);

}  // namespace kvproof
