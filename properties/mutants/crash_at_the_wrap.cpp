// Dereferences a null pointer when a chunk straddles the end of the ring.
#include <algorithm>

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
        rows_(key_codec(), value_codec(), streams(), Capacity::kFixed, ring_.slots()) {}

  void fit(Position n) { rows_.resize(ring_.used(n)); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    ring_.runs(chunk.first, chunk.end(), [&](Position p, std::int64_t slot, std::int64_t n) {
      const bool second_part = p > std::max(chunk.first, chunk.end() - ring_.window);
      if (second_part) *scratch_ = std::byte(n);
      rows_.put(chunk, p, slot, n);
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
  volatile std::byte* scratch_ = nullptr;  // for the second part; nobody makes it
};

}  // namespace

extern constinit const Mutant crash_at_the_wrap =
    like_window<Cache>({.name = "crash_at_the_wrap",
                        .summary = "window, crashing when a chunk straddles the end of the ring.",
                        .fault = "a chunk that straddles the end of the ring dereferences a null pointer",
                        .source = "kvproof",
                        .fault_class = "crash"});

}  // namespace kvproof::mutants
