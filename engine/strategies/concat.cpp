// Grow by concatenation: every append copies the whole past into a new buffer. The frozen reference of every ratio.
//
// Source      transformers DynamicCache.
// Deviation   none. It stays as slow as it is: what is measured against it must not move.
// State       keys and values, each [B*Hkv][T][D] in `dtype`, exactly as large as what is held.
// Cost        append O(T): all rows are copied; memory (D + Dv) * size per token and stream, twice that while copying.
// Threads     one writer; its own work is serial.
// Invariant   (1) capacity == seen tokens.          law: counted_bytes_equal_reported_bytes
//             (2) row of position p is p.           law: read_returns_what_was_appended
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"

namespace kvproof {
namespace {

Contract contract(const Params& params) {
  return {.fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .truncates = [](const Params&, Position, Position) { return true; },
          .bytes =
              [](const Params& p, const Geometry& g, Position n) {
                return std::size_t(n) * std::size_t(g.streams()) * std::size_t(g.d + g.dv) * size_of(row_dtype(p));
              }};
}

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        rows_(key_codec(), value_codec(), streams(), Capacity::kExact) {}

  void fit(Position n) { rows_.resize(n); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    rows_.put(chunk, chunk.first, chunk.first, chunk.tokens);
  }
  void segments(Stream s, Segments& out) const override {
    if (seen() > 0) out.push_back(rows_.segment(s, 0, seen(), 0));
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 private:
  RowPair rows_;
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(config); }

}  // namespace

extern constinit const Strategy concat = {
    .name = "concat",
    .summary = "Append by copying everything into a new buffer; the frozen reference for every ratio.",
    .source = "transformers DynamicCache",
    .params = {kRowDType},
    .contract = &contract,
    .make = &make};

}  // namespace kvproof
