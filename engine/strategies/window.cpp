// Sliding window: keep the last w tokens in a ring.
//
// Source      arXiv:2310.06825 (Mistral 7B), section 2, "Rolling Buffer Cache".
// Deviation   none: exact for models trained with that window. The window counts the query's own token.
// State       keys and values, each a ring [B*Hkv][w][D] in `dtype`; position p in slot p % w.
// Cost        append O(1), at most min(S, w) rows copied a stream; memory constant: w rows, taken at the first append.
// Threads     one writer; its own work is serial.
// Invariant   (1) held == the last min(T, w) positions.     law: visible_set_is_the_declared_one
//             (2) slot of position p is p % w.              law: a_rotated_ring_changes_no_bit
#include "engine/cache/common_caches.h"

namespace kvproof {
namespace {

Ring ring_of(const Params& params) { return {.sinks = 0, .window = params["w"]}; }

Contract contract(const Params& params) {
  return {.visible = {.window = params["w"]},
          .fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .growth = Growth::kFixed,
          // Nothing may have been overwritten.
          .truncates = [](const Params& p, Position seen, Position) { return seen <= p["w"]; },
          .bytes = [](const Params& p, const Geometry& g, Position n) { return row_bytes(p, g, ring_of(p).used(n)); }};
}

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<RingCache>(config); }

}  // namespace

extern constinit const Strategy window = {
    .name = "window",
    .summary = "Keep the last w tokens in a ring; exact for models trained with that window.",
    .source = "arXiv:2310.06825",
    .params = {{"w", 1024, 1, 1 << 24, 1, 9, "tokens"}, kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
