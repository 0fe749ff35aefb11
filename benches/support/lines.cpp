#include "benches/support/lines.h"

#include "benches/support/measured_model.h"
#include "benches/support/quantity.h"
#include "benches/support/read_bandwidth.h"
#include "reports/statistics.h"

namespace kvproof {

nlohmann::json shape_json(const Geometry& g) {
  return {{"B", g.batch}, {"Hq", g.q_heads}, {"Hkv", g.kv_heads}, {"D", g.d}, {"Dv", g.dv}};
}

nlohmann::json bench_line(const Cell& cell, const Measured& measured) {
  return {{"kind", "bench"},
          {"cell", cell.name()},
          {"quantity", measured.quantity},
          {"strategy", cell.strategy},
          {"shape", shape_json(cell.geometry)},
          {"dtype", name_of(cell.dtype)},
          {"T", measured.held},
          {"S", measured.arriving},
          {"threads", cell.threads},
          {"residency", name_of(cell.residency)},
          {"unit", "ns"},
          {"samples", std::vector<double>(measured.samples.begin(), measured.samples.end())},
          {"median", median(measured.samples)},
          {"calls_per_sample", measured.calls},
          {"cache_bytes", measured.cache_bytes},
          {"checked", true}};
}

nlohmann::json limit_line(const Cell& cell, const ReadBandwidthArm& reader, std::span<const double> ns) {
  std::vector<double> gbps;
  for (const double call : ns) gbps.push_back(double(reader.call_bytes()) / call);
  return {{"kind", "limit"},         {"quantity", "read_bandwidth"},
          {"beside", cell.name()},   {"threads", cell.threads},
          {"pages", reader.pages()}, {"bytes", reader.footprint_bytes()},
          {"unit", "GB/s"},          {"samples", gbps},
          {"median", median(gbps)}};
}

nlohmann::json model_line(const Cell& cell, const MeasuredModel& model, const Measured& measured) {
  return {{"kind", "model"},
          {"cell", cell.name()},
          {"quantity", measured.quantity},
          {"model", model.name()},
          {"caches", cell.strategy},
          {"shape", shape_json(cell.geometry)},
          {"layers", model.config().layers.size()},
          {"dtype", name_of(cell.dtype)},
          {"T", cell.tokens},
          {"threads", cell.threads},
          {"residency", name_of(cell.residency)},
          {"unit", "ns"},
          {"samples", std::vector<double>(measured.samples.begin(), measured.samples.end())},
          {"median", median(measured.samples)},
          {"calls_per_sample", measured.calls},
          {"weight_bytes", model.weight_bytes()},
          {"cache_bytes", measured.cache_bytes}};
}

}  // namespace kvproof
