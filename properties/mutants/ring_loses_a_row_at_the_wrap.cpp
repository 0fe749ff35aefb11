// A chunk that straddles the end of the ring is stored in two parts, and the first row of the second part is forgotten.
#include "engine/cache/ring.h"
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {
namespace {

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        ring_{.sinks = 0, .window = c.params["w"]},
        rows_(key_codec(), value_codec(), streams(), Capacity::kFixed, ring_.slots()) {}

  void fit(Position n) { rows_.resize(ring_.used(n)); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    bool second_part = false;
    ring_.runs(chunk.first, chunk.end(), [&](Position p, std::int64_t slot, std::int64_t n) {
      const std::int64_t forgotten = second_part ? 1 : 0;
      rows_.put(chunk, p + forgotten, slot + forgotten, n - forgotten);
      second_part = true;
    });
  }
  void segments(Stream s, Segments& out) const override {
    ring_.runs(0, seen(),
               [&](Position p, std::int64_t slot, std::int64_t n) { out.push_back(rows_.segment(s, slot, n, p)); });
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

 private:
  Ring ring_;
  RowPair rows_;
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(config); }

}  // namespace

extern constinit const Mutant ring_loses_a_row_at_the_wrap = {
    .strategy = {.name = "ring_loses_a_row_at_the_wrap",
                 .summary = "window, forgetting the row that a chunk puts into slot 0.",
                 .source = "kvproof",
                 .params = {{"w", 1024, 1, 1 << 24, 1, 9, "tokens"}, kRowDType},
                 .contract = [](const Params& p) { return find_strategy("window")->contract(p); },
                 .make = &make},
    .fault = "a chunk that straddles the end of the ring loses its first row behind the end",
    .source = "keys_values #140",
    .fault_class = "ring"};

}  // namespace kvproof::mutants
