// What does it cost to make a checkpoint ready to run? ns from the path to a plan, lower is better, beside a program
// that only reads the same files; and how much memory it takes at most, with caches at T tokens, over the weights and
// the caches themselves.
//
// Each sample is a process of its own. Before a cold one the system is asked to forget the files.
#include "benches/support/lines.h"
#include "benches/support/load_probe.h"
#include "benches/support/measured_model.h"
#include "benches/support/quantity.h"
#include "reports/statistics.h"

namespace kvproof {
namespace {

Lines measure(const Cell& cell, Bench& bench) {
  const MeasuredModel& model = *bench.settings().model;
  LoadProbe probe{.model = model.path(), .caches = cell.strategy, .threads = cell.threads};
  LoadProbeArm load(probe, cell.residency);
  probe.kind = LoadProbe::Kind::kRead;
  LoadProbeArm read(probe, cell.residency);
  Arm* const arms[] = {&load, &read};
  const Comparison comparison = compare(arms, bench.schedule());

  const LoadProbeResult result =
      probe_apart({.model = model.path(), .caches = cell.strategy, .tokens = cell.tokens, .threads = cell.threads});

  const std::vector<double>& load_ns = comparison.rounds[0];
  nlohmann::json line =
      model_line(cell, model, {.quantity = "load", .samples = load_ns, .cache_bytes = result.cache_bytes});
  line["ratio_to_read"] = paired_ratio(load_ns, comparison.rounds[1]);
  line["gbps"] = double(result.weight_bytes) / median(load_ns);
  line["peak_bytes"] = result.peak_bytes;
  line["peak_ratio"] = double(result.peak_bytes) / double(result.weight_bytes + result.cache_bytes);
  return {line};
}

}  // namespace

namespace quantities {
extern const Quantity model_load = {
    .name = "model_load", .summary = "a checkpoint made ready to run", .unit = Unit::kNanoseconds, .measure = &measure};
}  // namespace quantities
}  // namespace kvproof
