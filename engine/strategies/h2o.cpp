// Heavy hitters: keep the tokens that have received the most attention, and the most recent ones.
//
// Source      arXiv:2306.14048 (H2O), section 4 and algorithm 1.
// Deviation   per KV head: the attention of all query heads of its group is one sum. Running sums in float32. A chunk
//             is one step: its rows are weighed together and evicted after it, where the paper goes token by token.
// State       keys and values, each [B*Hkv][heavy + recent][D] in `dtype`; a position and a score per slot.
// Cost        append O(heavy + recent + S) a stream, one row copied in decode; memory constant, taken at the first
//             append. A second pass over the scores of every query.
// Threads     choosing and storing spread over streams; the bits do not.
// Invariant   (1) held == the last `recent` and the `heavy` of the largest sums.
//                                                   law: a_policy_keeps_what_its_model_keeps
//             (2) never full: a growing cache, bit for bit.
//                                                   law: a_budget_that_is_never_reached_equals_keeping_all
//             (3) a row and its slot stay together.  law: read_returns_what_was_appended
#include "engine/cache/evicting_cache.h"

namespace kvproof {
namespace {

Contract contract(const Params& params) {
  return {.visible = {.kind = VisibleRule::Kind::kPolicy,
                      .budget = params["heavy"] + params["recent"],
                      .protected_last = params["recent"]},
          .fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .chunk_state = Claim::kNotClaimed,   // sums are rounded in the order of the steps
          .chunk_output = Claim::kNotClaimed,  // a longer chunk sees rows that single steps would have evicted
          .slot_order = Claim::kNotClaimed,    // rows are listed by slot
          .growth = Growth::kFixed,
          .bytes = &evicting_bytes};
}

class Cache final : public EvictingCache<Cache> {
 public:
  using EvictingCache::EvictingCache;

  std::int64_t queries_weighed() const override { return kAllQueries; }
  float score(Stream, const ScoredRow& row, float weight) const override { return row.score + weight; }
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(config); }

}  // namespace

extern constinit const Strategy h2o = {
    .name = "h2o",
    .summary = "Keep the tokens that received the most attention so far, and the most recent ones.",
    .source = "arXiv:2306.14048",
    .params = {{"heavy", 256, 0, 1 << 24, 0, 5, "tokens"}, {"recent", 256, 1, 1 << 24, 1, 5, "tokens"}, kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
