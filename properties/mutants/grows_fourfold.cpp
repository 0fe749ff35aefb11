// Control: a store that grows by a factor of 4. A law that it breaks asks for powers of two.
#include "engine/base/account.h"
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
        rows_(room_for(16)) {}

  void fit(Position n) {
    if (n > capacity_) grow(n);
    rows_.resize(n);
  }
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
  RowPair room_for(Position n) {
    while (capacity_ < n) capacity_ *= 4;
    return {key_codec(), value_codec(), streams(), Capacity::kFixed, capacity_};
  }
  void grow(Position n) {
    const AccountScope scope(account());
    const std::int64_t used = rows_.keys.used();
    RowPair larger = room_for(n);
    larger.resize(used);
    for (int s = 0; s < streams() && used > 0; ++s) {
      larger.keys.put({s}, 0, rows_.keys.rows({s}, 0), used);
      larger.values.put({s}, 0, rows_.values.rows({s}, 0), used);
    }
    if (used > 0) account()->reallocated();
    rows_ = std::move(larger);
  }

  std::int64_t capacity_ = 16;
  RowPair rows_;
};

}  // namespace

extern constinit const Mutant grows_fourfold = like_in_place<Cache>({.name = "grows_fourfold",
                                                                     .summary = "in_place, growing by a factor of 4.",
                                                                     .fault = "none: capacity is 16, 64, 256, ...",
                                                                     .source = "kvproof",
                                                                     .fault_class = "layout",
                                                                     .role = Role::kControl});

}  // namespace kvproof::mutants
