// A fork copies the object and shares its rows: what one of the two appends overwrites what the other still sees.
#include "engine/cache/ring.h"
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        ring_{.sinks = 0, .window = c.params["w"]},
        rows_(std::make_shared<RowPair>(key_codec(), value_codec(), streams(), Capacity::kFixed, ring_.slots())) {}

  void fit(Position n) { rows_->resize(ring_.used(n)); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    ring_.runs(chunk.first, chunk.end(),
               [&](Position p, std::int64_t slot, std::int64_t n) { rows_->put(chunk, p, slot, n); });
  }
  void segments(Stream s, Segments& out) const override {
    ring_.runs(0, seen(),
               [&](Position p, std::int64_t slot, std::int64_t n) { out.push_back(rows_->segment(s, slot, n, p)); });
  }
  template <class A>
  void each(A& archive) {
    fit(seen());  // the other may be longer
    rows_->each(archive);
  }

 private:
  Ring ring_;
  std::shared_ptr<RowPair> rows_;
};

}  // namespace

extern constinit const Mutant fork_shares_the_ring =
    like_window<Cache>({.name = "fork_shares_the_ring",
                        .summary = "window, whose forks share its rows.",
                        .fault = "a fork writes into the rows of the cache that it came from",
                        .source = "xLLM #1984",
                        .fault_class = "fork"});

}  // namespace kvproof::mutants
