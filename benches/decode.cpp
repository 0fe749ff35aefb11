// What does one token of decoding cost at T tokens held: attention over the cache and the append?
// ns per token, lower is better; as GB/s of cache bytes beside the read bandwidth of this machine,
// higher is better.
//
// Cold cells rotate through caches that the last-level cache does not hold, as a model's layers do.
// Not in it: the steps in which a store grows (see growth.cpp), and the truncation that brings
// caches back to T between sub-samples.
#include "benches/support/lines.h"
#include "benches/support/quantity.h"
#include "benches/support/read_bandwidth.h"
#include "benches/support/step_cell.h"
#include "reports/statistics.h"

namespace kvproof {
namespace {

Lines measure(const Cell& cell, Bench& bench) {
  StepCell steps(cell, bench, StepKind::kDecode);
  const SteadyCaches& caches = steps.subject();
  ReadBandwidthArm reader(caches.cache_bytes(), caches.total_bytes(), caches.count());
  std::vector<Arm*> arms = steps.arms();
  arms.push_back(&reader);
  const Comparison comparison = compare(arms, bench.schedule());

  const std::vector<double>& step_ns = comparison.rounds.front();
  const std::vector<double>& read_ns = comparison.rounds.back();
  nlohmann::json line = bench_line(cell, {.quantity = "decode",
                                          .samples = step_ns,
                                          .calls = comparison.calls[0],
                                          .held = cell.tokens,
                                          .cache_bytes = caches.cache_bytes()});
  line["ratio_to_concat"] = StepCell::ratio_to_concat(cell, comparison);
  line["footprint_bytes"] = caches.footprint_bytes();
  line["gbps"] = double(caches.cache_bytes()) / median(step_ns);
  line["fraction_of_limit"] =
      paired_ratio(read_ns, step_ns) * double(caches.cache_bytes()) / double(reader.call_bytes());
  line["binding"] = "bandwidth";
  return {line, limit_line(cell, reader, read_ns)};
}

}  // namespace

namespace quantities {
extern const Quantity decode = {
    .name = "decode", .summary = "one token attended and stored", .unit = Unit::kNanoseconds, .measure = &measure};
}  // namespace quantities
}  // namespace kvproof
