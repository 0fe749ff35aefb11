// Grow by concatenation: every append copies the whole past into a new buffer. The frozen reference of every ratio.
//
// Source      transformers DynamicCache.
// Deviation   none. It stays as slow as it is: what is measured against it must not move.
// State       keys and values, each [B*Hkv][T][D] in `dtype`, exactly as large as what is held.
// Cost        append O(T): all rows are copied; memory (D + Dv) * size per token and stream, twice that while copying.
// Threads     one writer; its own work is serial.
// Invariant   (1) capacity == seen tokens.          law: counted_bytes_equal_reported_bytes
//             (2) row of position p is p.           law: read_returns_what_was_appended
#include "engine/cache/common_caches.h"

namespace kvproof {
namespace {

Contract contract(const Params& params) {
  return {.fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .truncates = [](const Params&, Position, Position) { return true; },
          .bytes = [](const Params& p, const Geometry& g, Position n) { return row_bytes(p, g, n); }};
}

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<GrowingCache<Capacity::kExact>>(config); }

}  // namespace

extern constinit const Strategy concat = {
    .name = "concat",
    .summary = "Append by copying everything into a new buffer; the frozen reference for every ratio.",
    .source = "transformers DynamicCache",
    .params = {kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
