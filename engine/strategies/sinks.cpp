// Attention sinks: keep the first s tokens and the last w.
//
// Source      arXiv:2309.17453 (StreamingLLM), section 3.2.
// Deviation   keys keep the rotation of their true positions: here sinks are a visibility rule. The paper stores keys
//             unrotated and rotates them by their place in the cache at every step.
// State       keys and values, each [B*Hkv][s + w][D] in `dtype`; p < s in slot p, later ones in a ring behind.
// Cost        append O(1), at most min(S, s + w) rows copied a stream; memory constant, taken at the first append.
// Threads     one writer; its own work is serial.
// Invariant   (1) held == [0, s) and the last w positions.  law: visible_set_is_the_declared_one
//             (2) a sink never leaves its slot.             law: read_returns_what_was_appended
#include "engine/cache/common_caches.h"

namespace kvproof {
namespace {

Ring ring_of(const Params& params) { return {.sinks = params["s"], .window = params["w"]}; }

Contract contract(const Params& params) {
  return {
      .visible = {.window = params["w"], .sinks = params["s"]},
      .fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
      .growth = Growth::kFixed,
      // Nothing that stays may have been overwritten.
      .truncates = [](const Params& p, Position seen, Position n) { return seen <= p["s"] + p["w"] || n <= p["s"]; },
      .bytes = [](const Params& p, const Geometry& g, Position n) { return row_bytes(p, g, ring_of(p).used(n)); }};
}

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<RingCache>(config); }

}  // namespace

extern constinit const Strategy sinks = {
    .name = "sinks",
    .summary = "Keep the first s tokens and the last w.",
    .source = "arXiv:2309.17453",
    .params = {{"s", 4, 0, 1 << 20, 0, 5, "tokens"}, {"w", 1024, 1, 1 << 24, 1, 9, "tokens"}, kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
