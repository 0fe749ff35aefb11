// What the cells of one run share: the data, the schedule, and what "cold" means on this machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "benches/support/interleave.h"
#include "benches/support/token_source.h"

namespace kvproof {

using Lines = std::vector<nlohmann::json>;

class MeasuredModel;

// A cell whose output is not what the oracle says. It is reported and never timed.
class WrongResult : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct BenchSettings {
  std::string data = "gaussian";  // a generator's name or a trace file
  std::uint64_t seed = 1;
  Schedule schedule;
  std::size_t cold_bytes = 0;                  // a cold cell rotates through caches of at least this much
  std::shared_ptr<const MeasuredModel> model;  // of the suite "model"; null in others
};

class Bench {
 public:
  explicit Bench(BenchSettings settings) : settings_(std::move(settings)) {}

  const BenchSettings& settings() const { return settings_; }
  const Schedule& schedule() const { return settings_.schedule; }
  // Tokens of that shape, made once per run.
  const TokenSource& source(const Geometry& geometry, DType dtype);

 private:
  BenchSettings settings_;
  std::map<std::string, std::unique_ptr<TokenSource>> sources_;
};

}  // namespace kvproof
