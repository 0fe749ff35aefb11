// Control: kivi that codes a block one block later than it could, so that between `residual` and twice as many rows
// stand in full precision. A law that it breaks asks a contract for more loss than it allows.
#include "engine/cache/common_caches.h"
#include "engine/codec/kivi_codec.h"
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

// How many of n tokens are coded.
Position coded(const Params& p, Position n) { return std::max<Position>(0, n / p["residual"] - 1) * p["residual"]; }

std::size_t live_bytes(const Params& p, const Geometry& g, Position n) {
  return promised<kKivi>(p).bytes(p, g, coded(p, n)) + row_bytes(p, g, n - coded(p, n));
}

Contract contract(const Params& params) {
  Contract contract = promised_but_growth<kKivi>(params);
  contract.truncates = [](const Params& p, Position seen, Position n) { return coded(p, n) == coded(p, seen); };
  contract.bytes = &live_bytes;
  return contract;
}

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        group_(c.params["group"]),
        keys_(make_kivi_key_codec(c.geometry.d, bits_of(c.params), int(group_)), streams(), Capacity::kLadder),
        values_(make_kivi_value_codec(c.geometry.dv, bits_of(c.params), int(group_)), streams(), Capacity::kLadder),
        late_(key_codec(), value_codec(), streams(), Capacity::kLadder) {}

  void fit(Position n) {
    resize_coded(n);
    late_.resize(n - coded(config().params, n));
  }
  void commit(const Chunk& chunk) override {
    const Position old_edge = coded(config().params, chunk.first), edge = coded(config().params, chunk.end());
    resize_coded(chunk.end());
    late_.resize(chunk.end() - old_edge);
    late_.put(chunk, chunk.first, chunk.first - old_edge, chunk.tokens);
    for (int s = 0; s < streams() && edge > old_edge; ++s) {
      encode(late_.keys.rows({s}, 0), edge - old_edge, keys_, {s}, old_edge / group_);
      encode(late_.values.rows({s}, 0), edge - old_edge, values_, {s}, old_edge);
    }
    late_.move(0, edge - old_edge, chunk.end() - edge);
    late_.resize(chunk.end() - edge);
    account()->flushed((edge - old_edge) / config().params["residual"]);
  }
  void segments(Stream s, Segments& out) const override {
    const Position edge = coded(config().params, seen());
    if (edge > 0) out.push_back({keys_.rows(s, 0), values_.rows(s, 0), edge, 0, nullptr});
    if (edge < seen()) out.push_back(late_.segment(s, 0, seen() - edge, edge));
  }
  template <class A>
  void each(A& archive) {
    keys_.each(archive);
    values_.each(archive);
    late_.each(archive);
  }

 private:
  void resize_coded(Position n) {
    keys_.resize(coded(config().params, n) / group_);
    values_.resize(coded(config().params, n));
  }
  static void encode(const Rows& from, std::int64_t n, RowStore& to, Stream s, std::int64_t block) {
    std::vector<float> wide(std::size_t(n) * std::size_t(to.codec().width()));
    from.codec->decode(from.data, from.row, n, wide.data());
    to.encode(s, block, wide.data(), n);
  }

  std::int64_t group_;
  RowStore keys_, values_;
  RowPair late_;
};

}  // namespace

extern constinit const Mutant flushes_late =
    like_kivi<Cache>({.name = "flushes_late",
                      .summary = "kivi, coding each block one block later.",
                      .fault = "none: blocks are coded later than they could be",
                      .source = "kvproof",
                      .fault_class = "quantization",
                      .role = Role::kControl},
                     &contract);

}  // namespace kvproof::mutants
