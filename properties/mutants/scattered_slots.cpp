// Control: rows stand in memory in another order than positions, one by one. Right, slow, and unlike every strategy
// that is built in; a law that it breaks asks for more than a contract promises.
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {
namespace {

constexpr std::int64_t kRun = 4;

// Positions of every run of four stand backwards.
std::int64_t slot_of(Position p) { return p - p % kRun + (kRun - 1 - p % kRun); }
std::int64_t slots(Position n) { return (n + kRun - 1) / kRun * kRun; }

Contract contract(const Params& params) {
  return {.fidelity = {.kind = Fidelity::Kind::kRounded, .dtype = row_dtype(params)},
          .truncates = [](const Params&, Position, Position n) { return n % kRun == 0; },
          .bytes = [](const Params& p, const Geometry& g, Position n) {
            return std::size_t(slots(n)) * std::size_t(g.streams()) * std::size_t(g.d + g.dv) * size_of(row_dtype(p));
          }};
}

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d), make_row_codec(row_dtype(c.params), c.geometry.dv)),
        rows_(key_codec(), value_codec(), streams(), Capacity::kLadder) {}

  void fit(Position n) { rows_.resize(slots(n)); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    for (Position p = chunk.first; p < chunk.end(); ++p) rows_.put(chunk, p, slot_of(p), 1);
  }
  void segments(Stream s, Segments& out) const override {
    for (Position p = 0; p < seen(); ++p) out.push_back(rows_.segment(s, slot_of(p), 1, p));
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

extern constinit const Mutant scattered_slots = {
    .strategy = {.name = "scattered_slots",
                 .summary = "Keep everything, every four rows backwards in memory.",
                 .source = "kvproof",
                 .params = {kRowDType},
                 .contract = &contract,
                 .make = &make},
    .fault = "none: rows stand in another order than positions",
    .source = "kvproof",
    .fault_class = "layout",
    .role = Role::kControl};

}  // namespace kvproof::mutants
