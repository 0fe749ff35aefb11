// Attends tile by tile with an online softmax, and rescales what it has by exp(old maximum - new maximum): where a
// query sees nothing in its first tile, that is exp(-inf + inf). Tiles that no query of a tile of queries sees are
// skipped.
#include "properties/mutants/demonstration.h"
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

Defect defect() {
  return demonstrate(
      {.library = "tract 0.23, FlashSdpa",
       .subject = "first_tile_hidden_gives_nan",
       .law = "output_equals_the_oracle",
       .values = counting(64),
       .chunks = {64},
       .hides = {"every key but the last 16", [](Position query, Position key) { return key <= query - 16; }}});
}

class Cache final : public PlainAttention<Cache> {
 public:
  explicit Cache(const Config& c) : Cache(make_honest("in_place", c), c.params["tile"]) {}
  explicit Cache(std::unique_ptr<KvCache> inner, std::int64_t tile = 32)
      : PlainAttention(std::move(inner)), tile_(tile) {}
  std::unique_ptr<KvCache> fork() const override { return std::make_unique<Cache>(inner().fork(), tile_); }

 protected:
  double weigh(const Asked& a, std::vector<double>& scores) const override {
    double top = kHidden;
    bool broken = false;
    for (Position first = 0; first < a.rows; first += tile_) {
      const Position last = std::min(first + tile_, a.rows);
      if (!processed(a, first, last)) continue;
      const double before = top;
      top = std::max(top, *std::max_element(scores.begin() + first, scores.begin() + last));
      broken = broken || std::isnan(std::exp(before - top));
    }
    return broken ? std::numeric_limits<double>::quiet_NaN() : exponentials(scores);
  }

 private:
  // Whether a query of the same tile of queries sees a key of [first, last).
  bool processed(const Asked& a, Position first, Position last) const {
    const std::int64_t begin = a.index / tile_ * tile_, end = std::min(begin + tile_, a.queries());
    for (std::int64_t i = begin; i < end; ++i) {
      const Asked other{a.step, a.batch, a.head, i, a.first, a.rows};
      for (Position p = first; p < last; ++p) {
        if (sees(other, p)) return true;
      }
    }
    return false;
  }

  std::int64_t tile_;
};

Contract contract(const Params& p) {
  Contract result = find_strategy("in_place")->contract(p);
  result.slot_order = Claim::kTolerance;
  return result;
}

}  // namespace

extern constinit const Mutant first_tile_hidden_gives_nan =
    mutant_of({.name = "first_tile_hidden_gives_nan",
               .summary = "in_place, in tiles of queries and keys.",
               .source = "kvproof",
               .params = {{"tile", 32, 1, 1 << 10, 1, 4, "tokens"}, kRowDType},
               .contract = &contract,
               .make = [](const Config& c) { return make_like<Cache>("in_place", c); }},
              {.name = "first_tile_hidden_gives_nan",
               .summary = "in_place, in tiles of queries and keys.",
               .fault = "a query that sees nothing in its first tile of keys gets NaN",
               .source = "tract FlashSdpa",
               .fault_class = "attention",
               .defect = &defect});

}  // namespace kvproof::mutants
