// The null control of every policy: keep a uniform random sample of the tokens seen, and the newest.
//
// Source      kvpress RandomPress.
// Deviation   the draw is a hash of (KV head, position): the same in every run and for every batch row. Sampling goes
//             on while tokens arrive; the library draws once, after the prompt.
// State       keys and values, each [B*Hkv][budget][D] in `dtype`; a position and a score per slot.
// Cost        append O(budget + S) a stream, one row copied in decode; memory constant, taken at the first append.
// Threads     choosing and storing spread over streams; the bits do not.
// Invariant   (1) held <= budget, the newest among them.                law: positions_held_stay_within_the_budget
//             (2) a row is stored as it arrived, wherever it stands.    law: read_returns_what_was_appended
//             (3) the draw of a token ignores its batch row.            law: a_batch_row_ignores_the_others
#include "engine/base/random.h"
#include "engine/cache/evicting_cache.h"

namespace kvproof {
namespace {

Contract contract(const Params& params) {
  return {.visible = {.kind = VisibleRule::Kind::kPolicy, .budget = params["budget"], .protected_last = 1},
          .fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .chunk_state = Claim::kNotClaimed,   // the same rows, in other slots
          .chunk_output = Claim::kNotClaimed,  // a longer chunk sees rows that single steps would have evicted
          .slot_order = Claim::kNotClaimed,    // rows are listed by slot
          .growth = Growth::kFixed,
          .bytes = &evicting_bytes};
}

class Cache final : public EvictingCache<Cache> {
 public:
  using EvictingCache::EvictingCache;

  // Uniform in [0, 1), and the same for as long as the row lives.
  float score(Stream s, const ScoredRow& row, float) const override {
    const std::uint64_t head = std::uint64_t(s.index % geometry().kv_heads);
    return float(Random(Random(head).bits() ^ std::uint64_t(row.position)).bits() >> 40) * 0x1p-24f;
  }
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(config); }

}  // namespace

extern constinit const Strategy random = {
    .name = "random",
    .summary = "Keep a uniform random sample of the tokens seen, and the newest: the null control of policies.",
    .source = "kvpress RandomPress",
    .params = {{"budget", 512, 1, 1 << 24, 1, 9, "tokens"}, kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
