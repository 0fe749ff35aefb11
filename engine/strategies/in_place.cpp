// Grow geometrically and write at the end: the past is read where it stands.
//
// Source      tract pull request 2321; strategies like it are in mlx-lm (in steps) and vLLM (in pages).
// Deviation   none: exact.
// State       keys and values, each [B*Hkv][capacity][D] in `dtype`; capacity is the next power of two of T.
// Cost        append O(1) amortised: less than one row copied for each appended; memory at most twice what is held.
// Threads     one writer; its own work is serial.
// Invariant   (1) capacity depends on the most tokens held since reset, not on how they came.  law: growth_is_amortised
//             (2) row of position p is p.                                  law: read_returns_what_was_appended
#include "engine/cache/common_caches.h"

namespace kvproof {
namespace {

Contract contract(const Params& params) {
  return {.fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .growth = Growth::kAmortised,
          .truncates = [](const Params&, Position, Position) { return true; },
          .bytes = [](const Params& p, const Geometry& g, Position n) { return row_bytes(p, g, n); }};
}

std::unique_ptr<KvCache> make(const Config& config) {
  return std::make_unique<GrowingCache<Capacity::kLadder>>(config);
}

}  // namespace

extern constinit const Strategy in_place = {
    .name = "in_place",
    .summary = "Grow geometrically and write at the end; nothing is copied but at a growth.",
    .source = "tract #2321",
    .params = {kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
