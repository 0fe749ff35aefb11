// What does a cache hold after T tokens? Bytes by component, lower is better. Nothing is timed.
//
// The cache's own figures; that they equal what the allocator counted is a law, not a measurement.
#include "benches/support/lines.h"
#include "benches/support/quantity.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

Lines measure(const Cell& cell, Bench& bench) {
  const std::unique_ptr<KvCache> cache = make_cache(cell.strategy, cell.geometry);
  bench.source(cell.geometry, cell.dtype).fill(*cache, cell.tokens);
  const MemoryUse use = cache->memory();
  return {{{"kind", "memory"},
           {"cell", cell.name()},
           {"strategy", cell.strategy},
           {"shape", shape_json(cell.geometry)},
           {"T", cell.tokens},
           {"payload_bytes", use.payload},
           {"metadata_bytes", use.metadata},
           {"slack_bytes", use.slack},
           {"bytes_per_token", double(use.live()) / double(cell.tokens)}}};
}

}  // namespace

namespace quantities {
extern const Quantity memory = {.name = "memory",
                                .summary = "what is held after T tokens, by component",
                                .unit = Unit::kBytes,
                                .measure = &measure};
}  // namespace quantities
}  // namespace kvproof
