#include "benches/support/lines.h"

#include "benches/support/quantity.h"
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

}  // namespace kvproof
