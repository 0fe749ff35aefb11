// Makes room as if every step brought one token: a chunk of n leaves n - 1 rows too many behind, for ever.
#include <type_traits>

#include "engine/base/error.h"
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
        window_(c.params["w"]),
        rows_(key_codec(), value_codec(), streams(), Capacity::kLadder) {}

  void fit(Position n) { rows_.resize(n - first_); }
  void commit(const Chunk& chunk) override {
    if (chunk.end() - first_ > window_ && chunk.first > first_) {
      rows_.move(0, 1, chunk.first - first_ - 1);
      ++first_;
    }
    fit(chunk.end());
    rows_.put(chunk, chunk.first, chunk.first - first_, chunk.tokens);
  }
  void segments(Stream s, Segments& out) const override {
    if (seen() > first_) out.push_back(rows_.segment(s, 0, seen() - first_, first_));
  }
  template <class A>
  void each(A& archive) {
    if constexpr (!std::is_same_v<A, MemoryUse>) archive(first_);  // part of the object, as seen() is
    if (first_ < 0 || first_ > seen()) throw Error(ErrorCode::kMalformed, "snapshot: impossible first position");
    fit(seen());
    rows_.each(archive);
  }

 private:
  Position window_, first_ = 0;  // first_: of the rows that are held
  RowPair rows_;
};

}  // namespace

extern constinit const Mutant chunk_evicts_one_token =
    like_window<Cache>({.name = "chunk_evicts_one_token",
                        .summary = "window, evicting at most one token a step.",
                        .fault = "a step of n tokens evicts one",
                        .source = "mlx-lm #1914",
                        .fault_class = "ring"},
                       &promised_but_growth<kWindow>);

}  // namespace kvproof::mutants
